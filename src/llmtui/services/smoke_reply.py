"""A reply as the smoke test reads it: the order of its events, its end and its tokens, in words."""

import time
from collections.abc import Sequence
from itertools import groupby

from llmtui.core.chat import ReplyBuilder
from llmtui.core.conversation import Message, Role
from llmtui.core.events import DELTAS, Finish, FinishReason, Status, StreamEvent
from llmtui.core.models import CheckState
from llmtui.core.usage import Usage

MOST_STRETCHES = 12


class SmokeReply(ReplyBuilder):
    """Folds a reply, and notes in which order and how soon its events came."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[StreamEvent] = []
        self.first_s: float | None = None
        """Seconds from the question to the first delta."""
        self._asked_at_s = time.monotonic()

    def add(self, event: StreamEvent) -> None:
        """Take the next event of the stream."""
        super().add(event)
        self.events.append(event)
        if self.first_s is None and isinstance(event, DELTAS):
            self.first_s = time.monotonic() - self._asked_at_s

    @property
    def message(self) -> Message:
        """What was said so far."""
        return Message(Role.ASSISTANT, self.parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings, and why it was asked again."""
        states = (one for one in self.events if isinstance(one, Status))
        retries = [f"tried again after: {one.detail}" for one in states if one.kind == "retrying"]
        return (*retries, *(warning.message for warning in self.warnings))


def verdict(finish: Finish | None, text: str) -> tuple[CheckState, str]:
    """Whether an answer in words is one, and what it lacks."""
    if finish is None or finish.reason not in (FinishReason.STOP, FinishReason.LENGTH):
        return CheckState.FAILED, "the reply did not end by itself"
    if text.strip():
        return CheckState.OK, ""
    if finish.reason is FinishReason.LENGTH:
        return CheckState.SKIPPED, "the model thought until its limit of tokens and said nothing"
    return CheckState.FAILED, "no text came"


def in_order(events: Sequence[StreamEvent]) -> str:
    """The kinds of events as they came, each stretch of one kind with its number."""
    stretches = [(name, sum(1 for _ in same)) for name, same in groupby(type(one).__name__ for one in events)]
    words = [name if number == 1 else f"{number} {name}" for name, number in stretches]
    more = len(words) - MOST_STRETCHES
    shown = words if more <= 0 else [*words[: MOST_STRETCHES - 1], f"{more} more", words[-1]]
    return " · ".join(shown)


def ending(finish: Finish | None) -> str:
    """Why it ended, in our word and in the vendor's."""
    if finish is None:
        return "no end"
    raw = finish.raw_reason
    return f"finish {finish.reason}" + (f" ({raw})" if raw and raw != finish.reason else "")


def tokens(usage: Usage | None) -> str:
    """What it took, as far as the server told."""
    if usage is None or (usage.input is None and usage.output is None):
        return "no usage told"
    guessed = ", estimated" if usage.source == "estimated" else ""
    return f"{_known(usage.input)} tokens in, {_known(usage.output)} out{guessed}"


def facts(*words: str) -> str:
    """Those that there are, as one line."""
    return ", ".join(filter(None, words))


def _known(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
