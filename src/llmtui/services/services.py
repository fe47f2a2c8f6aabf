"""Everything that the screen needs, in one value."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.core.history import Target
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService
from llmtui.services.models import ModelService

if TYPE_CHECKING:
    from llmtui.services.settings import SettingsService


@dataclass(frozen=True, slots=True)
class Services:
    """Built by `bootstrap`; the app gets it by constructor."""

    chat: ChatService
    health: HealthService
    models: ModelService
    settings: Callable[[], "SettingsService"]
    """Made when it is first asked for, on a thread: the first frame does not pay for it."""
    default_target: Target
    close: Callable[[], Coroutine[None, None, None]]
    """Close providers and database."""
    theme: str | None = None
    theme_dirs: tuple[Path, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id -> keys, from the config."""
    warnings: tuple[str, ...] = ()
    """What the config's reader has to say."""
