"""What the screen looks like; `make snapshots` accepts a wanted change."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from llmtui.core.conversation import Message, ReasoningPart, Role, TextPart, user
from llmtui.core.history import Conversation, MessageState, RequestRecord, StoredMessage, Target
from llmtui.core.usage import Usage
from llmtui.storage.conversations import SQLiteStore
from llmtui.ui.app import LlmtuiApp
from tests.ui.screens.desk import fake, services_at

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANSWER = """Three ways, shortest first:

1. `sorted(words)` makes a new list
2. `words.sort()` sorts **in place**

```python
def by_length(words: list[str]) -> list[str]:
    return sorted(words, key=len)  # stable
```

| way | copies | stable |
|---|:-:|--:|
| sorted | yes | yes |
| sort | no | yes |

> See also [the docs](https://docs.python.org/3/howto/sorting.html).
"""
Run = Callable[[Pilot[None]], Coroutine[None, None, None]]
Compare = Callable[..., bool]


def record(message_id: str, error: str = "") -> RequestRecord:
    return RequestRecord(
        f"r-{message_id}",
        "fake",
        "echo",
        WHEN,
        conversation_id="chat",
        message_id=message_id,
        first_token_at=WHEN + timedelta(seconds=0.31),
        ended_at=WHEN + timedelta(seconds=4.31),
        usage=Usage(120, 160),
        outcome="IncompleteStream" if error else "complete",
        error=error,
    )


async def fill(folder: Path) -> None:
    """A chat with a whole reply, and one that was cut."""
    store = SQLiteStore(folder / "llmtui.db")
    await store.open()
    await store.save_conversation(Conversation("chat", "How do I sort a list?", WHEN, WHEN, Target("fake")))
    cut = "the connection ended before the reply was complete\nwhat arrived is kept"
    for message in (
        StoredMessage("1", "chat", None, user("How do I sort a list?"), created_at=WHEN),
        StoredMessage(
            "2",
            "chat",
            "1",
            Message(Role.ASSISTANT, (ReasoningPart("A list of what?"), TextPart(ANSWER))),
            created_at=WHEN,
            request=record("2"),
        ),
        StoredMessage("3", "chat", "2", user("And [/x] backwards?"), created_at=WHEN),
        StoredMessage(
            "4",
            "chat",
            "3",
            Message(Role.ASSISTANT, (TextPart("With `reverse=Tr"),)),
            MessageState.FAILED,
            WHEN,
            request=record("4", cut),
        ),
    ):
        await store.add_message(message)
    await store.close()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmtuiApp]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    asyncio.run(fill(tmp_path))
    fakes = {
        "fake": fake("fake", context_window=2000),
        "gpu-box": fake("gpu-box", down="connection refused at http://gpu-box:11434"),
        "cloud": fake("cloud", kind="keyed"),
    }
    services = services_at(tmp_path, fakes)
    yield LlmtuiApp(services)
    asyncio.run(services.close())


def after(*keys: str, theme: str = "midnight") -> Run:
    """Press keys once the chat is there."""

    async def run(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.press(*keys)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_chat(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after())


@pytest.mark.parametrize("theme", ["paper", "ansi-dark"])
def test_theme(app: LlmtuiApp, snap_compare: Compare, theme: str) -> None:
    assert snap_compare(app, terminal_size=(100, 30), run_before=after(theme=theme))


@pytest.mark.parametrize(
    "keys",
    [
        ("ctrl+g",),
        ("ctrl+o",),
        ("f1",),
        ("tab", "up", "up", "enter"),
        ("ctrl+g", "s"),
        ("ctrl+n",),
        ("ctrl+g", "3"),
    ],
    ids="-".join,
)
def test_keys(app: LlmtuiApp, snap_compare: Compare, keys: tuple[str, ...]) -> None:
    assert snap_compare(app, terminal_size=(100, 30), run_before=after(*keys))
