"""What the transcript shows of one message; plain values, sanitised before they get here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntryKind = Literal["user", "assistant", "notice"]
AlertLevel = Literal["warning", "error"]


@dataclass(frozen=True, slots=True)
class ToolLine:
    """One tool call, shown as one dim line; `result` is None while it runs."""

    name: str
    arguments: str = ""
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the conversation.

    Attributes:
        id: Unique within the transcript.
        kind: `assistant` text is Markdown; `user` and `notice` text is shown literally.
        title: Who speaks, such as `you` or the model that the server reports.
        text: The source text, the only truth about the message.
        reasoning: Shown folded under the title.
        tool_calls: One dim line each, above the text.
        note: A quiet footer, such as `412 tok · 38 tok/s`.
        alert: A problem the reader must see, such as `stopped`.
        alert_level: The colour of the alert; its words say the rest.
        variants: The place among sibling replies, such as `‹2/3›`.
        seam_at: Character offset in `text` where a continuation was joined.
    """

    id: str
    kind: EntryKind
    title: str = ""
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolLine, ...] = ()
    note: str = ""
    alert: str = ""
    alert_level: AlertLevel = "error"
    variants: str = ""
    seam_at: int | None = None
