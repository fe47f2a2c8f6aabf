"""What every encoder is."""

import json
from typing import Any, Protocol, TypeVar

from llmtui.testing.scenarios import Scenario

T = TypeVar("T")


class NotCarried(ValueError):
    """A scenario that this wire has no words for; the suite leaves it out, with this reason."""


class Vocabulary(dict[T, str]):
    """A wire's words for things; what is missing here is not carried."""

    def __missing__(self, thing: T) -> str:
        raise NotCarried(f"the wire has no word for {thing!r}")


class WireEncoder(Protocol):
    """Renders scenarios into a wire and says what that wire cannot carry."""

    @property
    def content_type(self) -> str:
        """The content type of a streamed reply."""
        ...

    @property
    def usage_fields(self) -> frozenset[str]:
        """The fields of `Usage` that this wire carries."""
        ...

    @property
    def blank(self) -> bytes:
        """What means nothing on this wire and may stand between two events: a comment, an empty line."""
        ...

    def encode(self, scenario: Scenario) -> list[bytes]:
        """The scenario's bytes, one item per event of the wire; raises NotCarried."""
        ...

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        ...


def dump(value: Any) -> bytes:
    """JSON with raw UTF-8, so that multi-byte characters and U+2028 stand on the wire as such.

    Half a surrogate pair, which UTF-8 cannot hold, stands there escaped.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def parsed(arguments: str) -> Any:
    """A tool call's arguments, for a wire that has them as an object; raises NotCarried."""
    try:
        return json.loads(arguments)
    except ValueError:
        raise NotCarried("the wire has arguments as an object, which cannot be broken") from None


def without_none(**values: Any) -> dict[str, Any]:
    """The values that are known."""
    return {name: value for name, value in values.items() if value is not None}
