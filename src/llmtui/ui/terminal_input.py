"""What the terminal sends: keys through Textual's parser, a paste as the one text it is, and its end."""

import os
import selectors
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator, Iterator
from threading import Event

from textual import constants, events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.keys import Keys
from textual.message import Message

from llmtui.ui.legacy_keys import enter_with_modifiers

UNFINISHED_AFTER_S = 3.0
"""Silence after which a paste is over though the terminal has not said so: the keys have to work again."""
_LOOK_EVERY_S = 0.1
_MOST_BYTES = 4096


class TerminalClosed(Message):
    """The terminal has gone: nothing can be read from it any more."""


class TerminalParser(XTermParser):
    """Textual's parser, which sees of a paste only the brackets around it.

    Of a paste with an ESC in it, Textual 8.2 takes some of the text for keys, or loses the closing bracket.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now_s = now_s
        self._heard_s = 0.0
        self._in_paste = False
        self._pieces: list[str] = []
        """What came of the paste under way."""
        self._tail = ""
        """The end of what came, where a bracket may have begun."""
        self._gave_up = False
        """Whether Textual waited in vain for the rest of the bracket that `_tail` begins."""

    @property
    def wait_s(self) -> float:
        """How long to wait for more before the next `tick`."""
        pending = self._timeout_time is not None
        return min(constants.ESCAPE_DELAY, _LOOK_EVERY_S) if pending else _LOOK_EVERY_S

    def feed(self, data: str) -> Iterator[Message]:
        """The events that more input completes; empty input ends it."""
        self._heard_s = self._now_s()
        if not data:
            yield from super().feed(data)
        while data:
            data = yield from (self._paste(data) if self._in_paste else self._keys(data))

    def tick(self) -> Iterator[Message]:
        """The events that only time completes."""
        if self._in_paste and self._now_s() - self._heard_s >= UNFINISHED_AFTER_S:
            yield from self._end_paste(self._tail)
        for event in super().tick():
            self._gave_up = True
            yield event

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterator[events.Key]:
        """Textual's own reading, less its mistakes."""
        if (key := enter_with_modifiers(sequence)) is not None:
            yield events.Key(key, None)
            return
        try:
            yield from super()._sequence_to_key_events(sequence, alt)
        except (ValueError, OverflowError):
            # A form of kitty's protocol that nobody asked for, such as `CSI 97;1:1u`.
            yield events.Key(Keys.Ignore, sequence)

    def _keys(self, data: str) -> Generator[Message, None, str]:
        """Pass input on up to the end of an opening bracket; returns what follows it."""
        text = self._tail + data
        before, bracket, rest = text.partition(BRACKETED_PASTE_START)
        if not bracket:
            self._tail = _begun(text, BRACKETED_PASTE_START)
            self._gave_up = self._gave_up and self._tail == text
            yield from super().feed(data)
            return ""
        passed = "" if self._gave_up and not before else self._tail
        yield from super().feed((before + bracket)[len(passed) :])
        self._in_paste, self._tail, self._gave_up = True, "", False
        return rest

    def _paste(self, data: str) -> Generator[Message, None, str]:
        """Keep input up to a closing bracket; returns what follows it."""
        text, bracket, rest = (self._tail + data).partition(BRACKETED_PASTE_END)
        if bracket:
            yield from self._end_paste(text)
            return rest
        self._tail = _begun(text, BRACKETED_PASTE_END)
        self._pieces.append(text[: len(text) - len(self._tail)])
        return ""

    def _end_paste(self, text: str) -> Iterator[Message]:
        pasted = "".join([*self._pieces, text])
        self._in_paste, self._pieces, self._tail = False, [], ""
        for event in super().feed(BRACKETED_PASTE_END):
            # Its own is of what it saw between the brackets: nothing.
            if not isinstance(event, events.Paste):
                yield event
        yield events.Paste(pasted)


def read_terminal(fileno: int, stopped: Event, take: Callable[[Message], None]) -> None:
    """Hand on what a terminal sends until the driver stops or the terminal goes away: a `TerminalClosed`.

    Textual 8.2 reads on from a terminal that has gone, over and over, and ends by bytes that are not UTF-8.
    """
    parser = TerminalParser()
    decode = getincrementaldecoder("utf-8")("replace").decode
    with selectors.SelectSelector() as selector:
        selector.register(fileno, selectors.EVENT_READ)
        while not stopped.is_set():
            if selector.select(parser.wait_s):
                data = _read(fileno)
                if not data:
                    take(TerminalClosed())
                    return
                # Nothing as yet of a character whose bytes are not all there.
                if text := decode(data):
                    for message in parser.feed(text):
                        take(message)
            for message in parser.tick():
                take(message)


def _read(fileno: int) -> bytes:
    """What the terminal has; nothing when it has gone."""
    try:
        return os.read(fileno, _MOST_BYTES)
    except OSError:
        return b""


def _begun(text: str, bracket: str) -> str:
    """The end of a text that may be the beginning of a bracket."""
    return next(
        (bracket[:size] for size in range(len(bracket) - 1, 0, -1) if text.endswith(bracket[:size])), ""
    )
