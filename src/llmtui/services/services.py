"""Everything that the screen needs, in one value."""

import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from llmtui.core.history import Target
from llmtui.core.terminal import TerminalProfile
from llmtui.services.chat import ChatService
from llmtui.services.health import HealthService
from llmtui.services.logs import LogReader
from llmtui.services.models import ModelService
from llmtui.services.queue import QueueService

Notify: TypeAlias = Literal["bell", "osc9", "off"]

if TYPE_CHECKING:
    from llmtui.services.reload import ReloadService
    from llmtui.services.settings import SettingsService
    from llmtui.services.shelf import ShelfService
    from llmtui.services.transfers import TransferService


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
    queue: QueueService
    reloading: Callable[[], "ReloadService"]
    """Made like `settings`."""
    transfers: "Callable[[], TransferService]"
    """Made when it is first asked for; always the same."""
    shelf: "Callable[[], ShelfService]"
    """Made like `transfers`."""
    logs: LogReader = field(default_factory=lambda: LogReader(Path(os.devnull)))
    """Reads no logs unless it is given a folder."""
    theme: str | None = None
    theme_dirs: tuple[Path, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id -> keys, from the config."""
    notify: Notify = "bell"
    """How a reply that ended while the terminal was out of focus is told."""
    terminal: TerminalProfile = field(default_factory=TerminalProfile)
    warnings: tuple[str, ...] = ()
    """What the config's reader has to say."""
