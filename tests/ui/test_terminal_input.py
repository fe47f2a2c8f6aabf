import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from threading import Event, Thread

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from llmtui.ui.terminal_input import UNFINISHED_AFTER_S, TerminalClosed, TerminalParser, read_terminal

START, END = "\x1b[200~", "\x1b[201~"

pasted = st.lists(
    st.sampled_from(
        ["\x1b", "\x1b[", "[20", "\x1b[20", "1~", START, "\r", "\n", "\x1bOM", "\x1b[<0;1;1M", "\0"]
    )
    | st.text(max_size=40),
    max_size=12,
).map("".join)
# No terminal sends a closing bracket as part of a text.
pasted = pasted.filter(lambda text: END not in text)
cuts = st.lists(st.integers(0, 600), max_size=12)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def pieces(text: str, places: Sequence[int]) -> Iterator[str]:
    """The text cut at these places."""
    ends = sorted({0, len(text), *(place for place in places if place < len(text))})
    return (text[start:end] for start, end in pairwise(ends))


def read(parser: TerminalParser, *chunks: str) -> list[Message]:
    """The events of some reads."""
    return [event for chunk in chunks for event in parser.feed(chunk)]


def told(found: Sequence[Message]) -> list[str]:
    """Pastes as `paste:TEXT`, keys by their names."""
    return [
        f"paste:{event.text}"
        if isinstance(event, events.Paste)
        else event.key
        if isinstance(event, events.Key)
        else type(event).__name__
        for event in found
    ]


@given(text=pasted, places=cuts)
@example(text="first\x1bsecond\rthird\r and more than thirty-two characters\rend", places=[])
@example(text="\x1b", places=[])
@example(text="", places=[3, 9])
def test_a_paste_is_its_text_and_no_key(text: str, places: Sequence[int]) -> None:
    found = read(TerminalParser(), *pieces(START + text + END, places))
    assert told(found) == [f"paste:{text}"]


@given(text=pasted, places=cuts)
def test_keys_around_a_paste_are_keys(text: str, places: Sequence[int]) -> None:
    found = read(TerminalParser(), *pieces(f"a\x1b[A{START}{text}{END}b\r", places))
    assert told(found) == ["a", "up", f"paste:{text}", "b", "enter"]


@given(
    keys=st.lists(st.sampled_from(["a", "\r", "\x1b[A", "\x1b[I", "\x1bOP", "é", "\x1b[<0;1;1M"])),
    places=cuts,
)
def test_without_a_paste_all_is_as_textual_reads_it(keys: list[str], places: Sequence[int]) -> None:
    chunks = list(pieces("".join(keys), places))
    plain = XTermParser()
    assert told(read(TerminalParser(), *chunks)) == told(
        [event for one in chunks for event in plain.feed(one)]
    )


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b[27;6;13~", "ctrl+shift+enter"),
        ("\x1b[13;8u", "alt+ctrl+shift+enter"),
        ("\x1b[27;1;13~", "enter"),
        ("\x1b\r", "alt+enter"),
    ],
)
def test_enter_has_one_name_whoever_sends_it(sent: str, key: str) -> None:
    assert told(read(TerminalParser(), sent)) == [key]


@given(st.lists(st.sampled_from("\x1b[];:0123456789~uABORMtc?$y<ma\r"), min_size=1, max_size=60).map("".join))
@example("\x1b[97;1:1u\x1b[9999999999;1u")
def test_no_input_ends_the_reading(text: str) -> None:
    parser = TerminalParser()
    read(parser, text)
    assert told(read(parser, f"\x1b\x1b{START}b{END}"))[-1] == "paste:b"


def test_a_bracket_that_comes_late_still_opens_a_paste(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow line cuts it behind the ESC, and Textual takes that for the key."""
    now_s = 0.0
    monkeypatch.setattr("textual._parser.get_time", lambda: now_s)
    parser = TerminalParser()
    found = read(parser, "\x1b")
    now_s = 1.0
    found += [*parser.tick(), *read(parser, f"[200~one\rtwo{END}\r")]
    assert told(found) == ["escape", "paste:one\rtwo", "enter"]


def test_a_paste_that_does_not_end_gives_the_keys_back() -> None:
    clock = Clock()
    parser = TerminalParser(now_s=clock)
    found = read(parser, f"{START}half a te", "xt\x1b[2")
    clock.now_s = UNFINISHED_AFTER_S - 0.1
    assert [*found, *parser.tick()] == []
    clock.now_s += 0.2
    assert told([*parser.tick(), *read(parser, "a\r")]) == ["paste:half a text\x1b[2", "a", "enter"]
    assert list(parser.tick()) == []


class Reading:
    """`read_terminal` at work on a pipe, whose other end is the terminal."""

    def __init__(self) -> None:
        self.fileno, self.terminal = os.pipe()
        self.stopped = Event()
        self.found: list[Message] = []
        self.seen = Event()
        self._thread = Thread(target=read_terminal, args=(self.fileno, self.stopped, self._take), daemon=True)
        self._thread.start()

    def _take(self, message: Message) -> None:
        self.found.append(message)
        self.seen.set()

    def send(self, data: bytes) -> None:
        os.write(self.terminal, data)

    def ends(self) -> bool:
        """Whether the thread comes to its end, in time."""
        self._thread.join(5)
        os.close(self.fileno)
        return not self._thread.is_alive()


def test_reading_ends_with_the_terminal_and_says_so() -> None:
    reading = Reading()
    reading.send(b"a\xff\xc3")
    assert reading.seen.wait(5)
    os.close(reading.terminal)
    assert reading.ends()
    assert told(reading.found[:1]) == ["a"]
    assert isinstance(reading.found[-1], TerminalClosed)


def test_a_character_may_come_in_two_parts() -> None:
    reading = Reading()
    reading.send(b"\xc3")
    reading.send(b"\xa9")
    assert reading.seen.wait(5)
    reading.stopped.set()
    assert reading.ends()
    os.close(reading.terminal)
    (key,) = reading.found
    assert isinstance(key, events.Key)
    assert key.character == "é"


def test_escape_alone_is_a_key_once_nothing_follows() -> None:
    reading = Reading()
    reading.send(b"\x1b")
    assert reading.seen.wait(5)
    assert told(reading.found) == ["escape"]
    reading.stopped.set()
    assert reading.ends()
    os.close(reading.terminal)
