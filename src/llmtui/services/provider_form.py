"""A provider's settings as a person edits them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from llmtui.core.models import ConfigIssue, Effort, ProviderInfo
from llmtui.core.settings import SettingField
from llmtui.services.reload import Reloaded

KEY = "api_key"
KEY_VARIABLE = "api_key_env"
ADDRESS = "base_url"
_OWN = "the model's own"
FIELDS = (
    SettingField("name", "text", "What the sidebar shows; the id when empty."),
    SettingField("model", "text", "The model that is asked when a chat has chosen none."),
    SettingField(ADDRESS, "text", "The address before the path that the API itself adds."),
    SettingField(
        KEY, "secret", "Typed here it is kept outside of the config file; empty leaves it as it is."
    ),
    SettingField("temperature", "number", "0 to 2.", default=_OWN),
    SettingField("max_tokens", "number", "The longest reply, in tokens.", default=_OWN),
    SettingField(
        "reasoning_effort",
        "choice",
        "How much the model thinks; what it cannot do is left out.",
        get_args(Effort),
        _OWN,
    ),
    SettingField("system_prompt", "lines", "What the model is told before every chat."),
)
"""What every kind has; its own options come behind."""


@dataclass(frozen=True, slots=True)
class ProviderForm:
    """A provider's settings as they are written, to be edited."""

    provider_id: str
    title: str
    kind: str
    place: str
    """The config file."""
    fields: tuple[SettingField, ...]
    texts: Mapping[str, str]
    """By a field's key; without what must not be shown."""
    headers: int
    """How many there are; they are edited in the file."""
    read: Mapping[str, Any] = field(repr=False)
    """The provider as it is written, secrets included."""


@dataclass(frozen=True, slots=True)
class Edits:
    """What a person has typed and not saved yet."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Of those fields that differ from what is written."""
    key: str = field(default="", repr=False)
    forget_key: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to save."""
        return bool(self.texts or self.key or self.forget_key)


@dataclass(frozen=True, slots=True)
class Review:
    """What the settings would be like with some edits."""

    issues: tuple[ConfigIssue, ...]
    defaults: Mapping[str, str]
    """What holds where a field is empty, by its key, if others decide it; empty while one is wrong."""
    key_place: str
    key_removable: bool

    @property
    def ok(self) -> bool:
        """Whether they can be saved."""
        return all(issue.severity != "error" for issue in self.issues)


@dataclass(frozen=True, slots=True)
class Saved:
    """A provider as it is from now on."""

    info: ProviderInfo
    reloaded: Reloaded
    notes: tuple[str, ...] = ()
    """What became of its key, in words."""
