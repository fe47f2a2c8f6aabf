"""What a person can set of a provider, as plain data."""

from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["text", "secret", "number", "choice", "lines", "value"]
"""`lines` is text on several lines, `value` anything that YAML can say on one line."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One value of a provider's settings."""

    key: str
    """The dotted path inside the settings: `options.num_ctx`."""
    kind: FieldKind
    description: str = ""
    choices: tuple[str, ...] = ()
    """The words to choose from, as they stand in the config file."""
    default: str = ""
    """What holds when nothing is set, in words."""
