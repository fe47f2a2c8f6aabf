"""How a stored message looks in the transcript."""

from llmtui.core.conversation import FilePart, ImagePart, Message, Role, ToolResultPart
from llmtui.core.history import MessageState, RequestRecord, StoredMessage
from llmtui.core.text import sanitise_line
from llmtui.core.usage import Usage
from llmtui.ui.keymap import Keymap
from llmtui.ui.transcript import Entry, ToolLine

_ENDS = {
    MessageState.STOPPED: "stopped",
    MessageState.INTERRUPTED: "interrupted: llmtui ended while this was written",
}
_FINISHES = {
    "length": "cut at the token limit",
    "content_filter": "ended by the provider's content filter",
    "refusal": "the model declined",
    "context_full": "the model's context is full",
}
LEAST_DOLLARS = 0.0001
"""A smaller amount is told as less than this."""
_FINAL = _FINISHES.keys() - {"length"}


def entry_of(stored: StoredMessage, keymap: Keymap | None = None) -> Entry:
    """The transcript's entry for a message; with a keymap its alert names the keys that help now."""
    message, alert = stored.message, alert_of(stored)
    if message.role is Role.USER:
        return Entry(stored.id, "user", title="you", text=_asked(message), variants=_variants(stored))
    if alert and keymap is not None:
        alert += f" · {_ways_on(stored, keymap)}"
    return Entry(
        stored.id,
        "assistant",
        title=title_of(stored.request),
        text=message.text,
        reasoning=message.reasoning,
        tool_calls=tuple(_tool_lines(stored)),
        note="" if stored.state is MessageState.STREAMING else note_of(stored.request),
        alert=alert,
        alert_level="error" if stored.state is MessageState.FAILED else "warning",
        variants=_variants(stored),
        seam_at=stored.seam,
    )


def _asked(message: Message) -> str:
    """What a person sent: a line for everything that is no text, then the text."""
    kinds = {ImagePart: "image", FilePart: "file"}
    lines = [
        f"[{kinds[type(part)]}: {sanitise_line(part.name) or part.media_type}]"
        for part in message.parts
        if isinstance(part, ImagePart | FilePart)
    ]
    return "\n".join([*lines, message.text])


def title_of(request: RequestRecord | None) -> str:
    """Who answered: the model and its provider."""
    if request is None:
        return "assistant"
    return f"{request.model} · {request.provider}" if request.model else request.provider


def note_of(request: RequestRecord | None) -> str:
    """The figures under a reply; what is not known is left out, what is estimated is marked."""
    if request is None or request.first_token_at is None:
        return ""
    first_s = (request.first_token_at - request.started_at).total_seconds()
    facts = [f"first {first_s:.2f} s"]
    if request.usage and request.usage.output is not None:
        mark = "~" if request.usage.source == "estimated" else ""
        facts.insert(0, f"{mark}{request.usage.output} tok")
        if speed := tokens_per_s(request.usage, request):
            facts.insert(1, f"{mark}{speed:.{0 if speed >= 10 else 1}f} tok/s")
    if cost := cost_of(request):
        facts.append(cost)
    if request.attempts > 1:
        facts.append(f"{request.attempts} tries")
    return " · ".join(facts)


def cost_of(request: RequestRecord) -> str:
    """What a request has cost, such as `$0.0021`; empty where nobody knows, and on machines of one's own."""
    if request.cost is None or request.price_source == "provider":
        return ""
    mark = "~" if request.usage and request.usage.source == "estimated" else ""
    dollars = float(request.cost)
    if 0 < dollars < LEAST_DOLLARS:
        return f"{mark}<${LEAST_DOLLARS}"
    return f"{mark}${dollars:.2f}" if dollars >= 1 else f"{mark}${dollars:.2g}"


def tokens_per_s(usage: Usage, request: RequestRecord) -> float | None:
    """Generation speed: by the server's clock where it tells, else from the first token to the end."""
    seconds = usage.generation_s
    if seconds is None and request.ended_at and request.first_token_at:
        seconds = (request.ended_at - request.first_token_at).total_seconds()
    # A reply that came in one piece has no speed that could be seen from here.
    return usage.output / seconds if usage.output and seconds and seconds > 0.05 else None


def alert_of(stored: StoredMessage) -> str:
    """Why a reply is not whole."""
    request = stored.request
    if stored.state is MessageState.FAILED and request:
        return " · ".join(request.error.split("\n"))
    if stored.state is MessageState.COMPLETE and request:
        return _FINISHES.get(request.finish_reason, "")
    return _ENDS.get(stored.state, "")


def _ways_on(stored: StoredMessage, keymap: Keymap) -> str:
    """The keys that help: what is refused or has not begun cannot be continued."""
    refused = stored.request is not None and stored.request.finish_reason in _FINAL
    ways = {"regenerate": "retries"}
    if stored.message.text and not refused:
        ways = {"continue": "continues", **ways}
    return ", ".join(f"{keymap.hint(action)} {does}" for action, does in ways.items())


def _variants(stored: StoredMessage) -> str:
    if len(stored.siblings) < 2:
        return ""
    return f"‹{stored.siblings.index(stored.id) + 1}/{len(stored.siblings)}›"


def _tool_lines(stored: StoredMessage) -> list[ToolLine]:
    """The calls, on one line each; a tool needs its arguments exact, so they are sanitised only here."""
    parts = stored.message.parts
    results = {
        part.call_id: sanitise_line(part.content) for part in parts if isinstance(part, ToolResultPart)
    }
    return [
        ToolLine(call.name, sanitise_line(call.arguments), results.get(call.id))
        for call in stored.message.tool_calls
    ]
