"""How a reply's events become messages."""

import asyncio

from textual.message import Message

from llmtui.core.conversation import assistant
from llmtui.core.events import ReasoningDelta, Status, TextDelta
from llmtui.core.history import StoredMessage
from llmtui.ui.feed import ReplyFeed
from llmtui.ui.messages import ReplyGrew, ReplyNoted


class Posted:
    """The messages that a feed posts."""

    def __init__(self, frame_s: float) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        message = StoredMessage("1", "chat", None, assistant(""))
        self.feed = ReplyFeed(message, self.queue.put_nowait, frame_s=frame_s)


async def test_the_text_of_a_frame_is_one_message() -> None:
    posted = Posted(frame_s=0.01)
    for word in ("one ", "two ", "three"):
        posted.feed.take(TextDelta(word))
    posted.feed.take(ReasoningDelta("hm"))
    assert posted.queue.empty()
    assert await posted.queue.get() == ReplyGrew("chat", "1", "one two three", "hm")
    assert posted.queue.empty()


async def test_what_is_no_text_comes_at_once_after_the_text_before_it() -> None:
    posted = Posted(frame_s=3600)
    waiting = Status("loading")
    posted.feed.take(TextDelta("one"))
    posted.feed.take(waiting)
    assert posted.queue.get_nowait() == ReplyGrew("chat", "1", "one", "")
    assert posted.queue.get_nowait() == ReplyNoted("chat", "1", waiting)
