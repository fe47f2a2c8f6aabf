"""What every encoder is."""

import json
from typing import Any, Protocol

from llmtui.testing.scenarios import Scenario


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
        """The scenario's bytes, one item per event of the wire."""
        ...

    def failure(self, status: int, message: str) -> bytes:
        """The body of a refused request."""
        ...


def dump(value: Any) -> bytes:
    """JSON with raw UTF-8, so that multi-byte characters and U+2028 stand on the wire as such."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def without_none(**values: Any) -> dict[str, Any]:
    """The values that are known."""
    return {name: value for name, value in values.items() if value is not None}
