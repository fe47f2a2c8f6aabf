import os
from pathlib import Path

import pytest

from llmtui.services import logs
from llmtui.services.logs import Level, LogReader, LogTail

ERROR = "2026-11-25T04:01:14.123Z ERROR   llmtui.cli.logs: command crashed"


@pytest.fixture
def reader(tmp_path: Path) -> LogReader:
    return LogReader(tmp_path)


def write(reader: LogReader, name: str, *lines: str) -> None:
    with (reader.folder / name).open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def texts(tail: LogTail) -> list[str]:
    return [line.text for line in tail.lines]


async def test_where_nothing_is_there_is_nothing_to_read(tmp_path: Path) -> None:
    reader = LogReader(tmp_path / "nowhere")
    assert await reader.names() == ["llmtui"]
    assert await reader.tail("llmtui") == LogTail()
    assert await reader.mark("llmtui") == ()


async def test_every_program_has_its_log_with_its_older_files(reader: LogReader) -> None:
    for name in ("llmtui.log", "llmtui.log.1", "zeta.log", "embedded.log", "embedded.1.log", "notes.txt"):
        write(reader, name, f"from {name}")
    assert await reader.names() == ["llmtui", "embedded", "zeta"]
    assert texts(await reader.tail("embedded")) == ["from embedded.1.log", "from embedded.log"]
    assert texts(await reader.tail("llmtui")) == ["from llmtui.log.1", "from llmtui.log"]
    assert texts(await reader.tail("zeta")) == ["from zeta.log"]


async def test_it_reads_back_through_the_older_files_and_no_further_than_asked(reader: LogReader) -> None:
    for age, name in enumerate(("llmtui.log", "llmtui.log.1", "llmtui.log.2")):
        write(reader, name, *(f"line {age} {number}" for number in range(10)))
    one = (reader.folder / "llmtui.log").stat().st_size
    tail = await reader.tail("llmtui", one // 2)
    assert not tail.whole
    assert texts(tail) == [f"line 0 {number}" for number in range(5, 10)] or texts(tail)[-1] == "line 0 9"
    tail = await reader.tail("llmtui", one + 10)
    assert not tail.whole
    assert texts(tail)[-11:] == ["line 1 9", *(f"line 0 {number}" for number in range(10))]
    tail = await reader.tail("llmtui", 3 * one)
    assert tail.whole
    assert len(tail.lines) == 30
    assert texts(tail)[0] == "line 2 0"


async def test_a_part_begins_with_a_whole_line(reader: LogReader) -> None:
    write(reader, "llmtui.log", "first " * 10, "second")
    assert texts(await reader.tail("llmtui", 20)) == ["second"]


async def test_no_more_than_the_most_is_ever_read(reader: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST", 30)
    write(reader, "llmtui.log", *(f"line {number}" for number in range(100)))
    tail = await reader.tail("llmtui", 10_000)
    assert not tail.whole
    assert texts(tail) == ["line 97", "line 98", "line 99"]


async def test_levels_of_both_kinds_of_logs_and_of_what_belongs_to_the_line_above(reader: LogReader) -> None:
    write(
        reader,
        "llmtui.log",
        "2026-11-25T04:01:14.123Z DEBUG   llmtui.x: a",
        ERROR,
        "    Traceback (most recent call last):",
        "2026-11-25T04:01:14.123Z WARNING httpx: b",
    )
    assert [line.level.name for line in (await reader.tail("llmtui")).lines] == [
        "DEBUG",
        "ERROR",
        "ERROR",
        "WARNING",
    ]
    write(
        reader,
        "embedded.log",
        "2026-11-25 03:39:18 loading /m.gguf",
        "0.00.100 W x",
        "0.00.2 E y",
        "printed",
    )
    assert [line.level.name for line in (await reader.tail("embedded")).lines] == [
        "INFO",
        "WARNING",
        "ERROR",
        "INFO",
    ]


async def test_a_line_in_brief(reader: LogReader) -> None:
    write(reader, "llmtui.log", ERROR)
    [line] = (await reader.tail("llmtui")).lines
    assert (line.text, line.level, line.brief) == (
        ERROR,
        Level.ERROR,
        "11-25 04:01:14 ERROR cli.logs: command crashed",
    )


async def test_what_a_library_printed_is_made_harmless(reader: LogReader) -> None:
    (reader.folder / "embedded.log").write_bytes(b"\x1b]0;title\x07 a\tb \xff\r\nnext\x9b2J\n")
    assert texts(await reader.tail("embedded")) == ["␛]0;title␇ a    b \ufffd", "next\ufffd2J"]


async def test_the_mark_changes_when_the_log_does(reader: LogReader) -> None:
    write(reader, "llmtui.log", "one")
    first = (await reader.tail("llmtui")).mark
    assert await reader.mark("llmtui") == first
    write(reader, "llmtui.log", "two")
    second = await reader.mark("llmtui")
    os.replace(reader.folder / "llmtui.log", reader.folder / "llmtui.log.1")
    write(reader, "llmtui.log", "three")
    assert len({first, second, await reader.mark("llmtui")}) == 3
