"""Turns a reply's events into messages, its text gathered for one frame."""

import asyncio
from collections.abc import Callable

from textual.message import Message

from llmtui.core.events import ReasoningDelta, Start, Status, TextDelta, Warning
from llmtui.core.history import StoredMessage
from llmtui.services import reply as service
from llmtui.ui.messages import ReplyEnded, ReplyGrew, ReplyNamed, ReplyNoted, ReplyOpened


class ReplyFeed:
    """Posts one `ReplyGrew` a frame; everything else is posted as it comes, after the text before it."""

    def __init__(
        self, message: StoredMessage, post: Callable[[Message], object], *, frame_s: float = 0.05
    ) -> None:
        """`frame_s` is how many seconds the text of one frame takes to gather."""
        self._frame_s = frame_s
        self._conversation_id = message.conversation_id
        self._message_id = message.id
        self._post = post
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._frame: asyncio.TimerHandle | None = None

    def take(self, event: service.ReplyEvent) -> None:
        """Take the next event."""
        match event:
            case TextDelta(text):
                self._gather(self._text, text)
            case ReasoningDelta(text):
                self._gather(self._reasoning, text)
            case _:
                self._flush()
                self._post_fact(event)

    def _post_fact(self, event: service.ReplyEvent) -> None:
        match event:
            case service.ReplyOpened(message):
                self._post(ReplyOpened(message))
            case Start(model=model):
                self._post(ReplyNamed(self._conversation_id, self._message_id, model))
            case Status() | Warning():
                self._post(ReplyNoted(self._conversation_id, self._message_id, event))
            case service.ReplyClosed(message, error):
                self._post(ReplyEnded(message, error))

    def _gather(self, buffer: list[str], text: str) -> None:
        buffer.append(text)
        if self._frame is None:
            self._frame = asyncio.get_running_loop().call_later(self._frame_s, self._flush)

    def _flush(self) -> None:
        if self._frame is not None:
            self._frame.cancel()
            self._frame = None
        if self._text or self._reasoning:
            text, reasoning = "".join(self._text), "".join(self._reasoning)
            self._text.clear()
            self._reasoning.clear()
            self._post(ReplyGrew(self._conversation_id, self._message_id, text, reasoning))
