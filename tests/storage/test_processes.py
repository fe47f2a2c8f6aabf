"""Real processes: killed in mid-reply, and side by side on one database."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtui.core.conversation import Message, Role, TextPart
from llmtui.core.history import JournalEntry, MessageState, RequestRecord, StoredMessage, new_id, now
from llmtui.storage.conversations import SQLiteStore

COMMON = """
import asyncio, sys
from pathlib import Path
from llmtui.core.conversation import Message, Role, TextPart, user
from llmtui.core.history import *
from llmtui.storage.conversations import SQLiteStore

def say(*words):
    print(*words, flush=True)

async def listen():
    return (await asyncio.to_thread(sys.stdin.readline)).strip()
"""
STREAMS = """
async def main():
    store = SQLiteStore(Path(sys.argv[1]))
    report = await store.open()
    prompt = StoredMessage(new_id(), "chat", None, user("tell me"))
    await store.add_message(prompt)
    reply = StoredMessage(new_id(), "chat", prompt.id, Message(Role.ASSISTANT, ()), MessageState.STREAMING)
    record = RequestRecord(new_id(), "p", "m", now(), "chat", reply.id)
    await store.begin_reply(reply, record)
    await store.journal(reply.id, [JournalEntry("reasoning", "hm"), JournalEntry("text", "Once ")])
    await store.journal(reply.id, [JournalEntry("text", "upon")])
    say(reply.id, report.problem or len(report.recovered))
    await listen()
    await store.end_reply(reply.id, (TextPart("Once upon a time"),), MessageState.COMPLETE, record)
    await store.close()
    say("ended")
"""
PROMPTS = """
async def main():
    store = SQLiteStore(Path(sys.argv[1]))
    report = await store.open()
    say("open", report.problem)
    await listen()
    parent = None
    for number in range(int(sys.argv[2])):
        message = StoredMessage(new_id(), sys.argv[3], parent, user(f"prompt {number} of {sys.argv[3]}"))
        await store.add_message(message)
        parent = message.id
        say(message.id)
    await store.close()
"""


@contextmanager
def running(body: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    script = f"{COMMON}{body}\nasyncio.run(main())"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


async def begun(store: SQLiteStore) -> tuple[StoredMessage, RequestRecord]:
    reply = StoredMessage(new_id(), "mine", None, Message(Role.ASSISTANT, ()), MessageState.STREAMING)
    record = RequestRecord(new_id(), "p", "m", now(), "mine", reply.id)
    await store.begin_reply(reply, record)
    await store.journal(reply.id, [JournalEntry("text", "still ")])
    return reply, record


async def test_a_reply_survives_kill_9(path: Path) -> None:
    with running(STREAMS, path) as process:
        reply_id, _ = line_of(process).split()
        kill(process)
    store = SQLiteStore(path)
    report = await store.open()
    assert (report.problem, report.set_aside, list(report.recovered)) == ("", None, [reply_id])
    prompt, reply = await store.branch("chat")
    assert prompt.message.text == "tell me"
    assert (reply.id, reply.state) == (reply_id, MessageState.INTERRUPTED)
    assert (reply.message.text, reply.message.reasoning) == ("Once upon", "hm")
    assert reply.request is not None
    assert (reply.request.outcome, reply.request.ended_at) == ("interrupted", None)
    assert [hit.message_id for hit in await store.search("upon")] == [reply_id]
    await store.close()
    assert not (await store.open()).recovered
    await store.close()
    assert [found.name for found in (path.parent / "run").iterdir()] == ["opening"]


async def test_opening_takes_no_reply_from_another_living_process(path: Path) -> None:
    with running(STREAMS, path) as process:
        reply_id, _ = line_of(process).split()
        store = SQLiteStore(path)
        report = await store.open()
        assert (report.problem, list(report.recovered)) == ("", [])
        [_, reply] = await store.branch("chat")
        assert (reply.id, reply.state, reply.message.text) == (reply_id, MessageState.STREAMING, "Once upon")
        tell(process)
        assert line_of(process) == "ended"
        [_, reply] = await store.branch("chat")
        assert (reply.state, reply.message.text) == (MessageState.COMPLETE, "Once upon a time")
        await store.close()


async def test_another_process_that_opens_takes_no_reply_from_this_one(
    store: SQLiteStore, path: Path
) -> None:
    reply, record = await begun(store)
    with running(STREAMS, path) as process:
        assert line_of(process).split()[1] == "0"
        kill(process)
    await store.journal(reply.id, [JournalEntry("text", "here")])
    [found] = await store.branch("mine")
    assert (found.state, found.message.text) == (MessageState.STREAMING, "still here")
    await store.end_reply(reply.id, (TextPart("still here"),), MessageState.COMPLETE, record)
    [found] = await store.branch("mine")
    assert found.state is MessageState.COMPLETE


async def test_a_third_process_mends_what_the_dead_one_left_and_nothing_else(
    store: SQLiteStore, path: Path
) -> None:
    mine, _ = await begun(store)
    with running(STREAMS, path) as process:
        dead_id, _ = line_of(process).split()
        kill(process)
    third = SQLiteStore(path)
    assert list((await third.open()).recovered) == [dead_id]
    [found] = await third.branch("mine")
    assert (found.id, found.state) == (mine.id, MessageState.STREAMING)
    await third.close()


async def test_opening_again_keeps_the_replies_that_stream_here(store: SQLiteStore) -> None:
    reply, record = await begun(store)
    report = await store.open()
    assert (report.problem, list(report.recovered)) == ("", [])
    await store.end_reply(reply.id, (TextPart("whole"),), MessageState.COMPLETE, record)
    assert [message.message.text for message in await store.branch("mine")] == ["whole"]


async def test_every_prompt_that_was_acknowledged_survives_kill_9(path: Path) -> None:
    with running(PROMPTS, path, 10_000, "killed") as process:
        assert line_of(process) == "open"
        tell(process)
        acknowledged = [line_of(process) for _ in range(50)]
        kill(process)
    store = SQLiteStore(path)
    report = await store.open()
    assert (report.problem, report.set_aside) == ("", None)
    kept = [message.id for message in await store.branch("killed")]
    assert kept[: len(acknowledged)] == acknowledged
    await store.close()


async def test_two_processes_write_at_once_and_nothing_is_lost(path: Path) -> None:
    count = 150
    with running(PROMPTS, path, count, "left") as left, running(PROMPTS, path, count, "right") as right:
        for process in (left, right):
            assert line_of(process) == "open"
        for process in (left, right):
            tell(process)
        outputs = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in (left, right)))
    store = SQLiteStore(path)
    assert not (await store.open()).problem
    for name, (output, _) in zip(("left", "right"), outputs, strict=True):
        assert [message.id for message in await store.branch(name)] == output.split()
        assert len(output.split()) == count
    await store.close()
