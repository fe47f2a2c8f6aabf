from pathlib import Path

from benchmarks.history import LAST, fill
from llmtui.storage.conversations import SQLiteStore


async def test_a_conversation_of_any_length_is_kept(tmp_path: Path) -> None:
    fill(tmp_path, 20)
    store = SQLiteStore(tmp_path / "data" / "llmtui" / "llmtui.db")
    report = await store.open()
    (conversation,) = await store.conversations()
    messages = await store.branch(conversation.id)
    await store.close()
    texts = [part.text for message in messages for part in message.message.parts]  # type: ignore[union-attr]
    assert not report.problem
    assert len(messages) == 20
    assert [LAST in text for text in texts] == [False] * 19 + [True]
