"""What the fake server says: Markdown of a given shape and length, and the prompts that ask for it.

A prompt such as `mixed 1000@60 2s 500@0 #7` asks for 1,000 tokens at 60 a second, a pause of two seconds
and 500 tokens as fast as they go; the reply's last word is `END7`, which stands in no prompt. Prompts that
ask for as many tokens of one shape get the same text. A token is a word, a mark of Markdown or a piece of
code with the blanks behind it, 5 to 6 characters on average.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from random import Random

_PROMPT = re.compile(r"\b(\w+) ((?:(?:\d+@\d+|\d+s) )+)#(\d+)")
_TOKEN = re.compile(r"\S{1,9}\s*")
_STORY = (
    "the morning train leaves a quiet station while two readers compare what their old maps say about "
    "rivers bridges and hills every number in such a table was counted by hand then checked again because "
    "careful people trust a second look more than memory later somebody writes the whole story down with "
    "dates names and prices "
)
_WORDS = _STORY.split()


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens at a rate per second (0: as fast as they go), or, with no tokens, a pause of so many seconds."""

    tokens: int
    rate: int = 0
    pause_s: int = 0

    def __str__(self) -> str:
        return f"{self.tokens}@{self.rate}" if self.tokens else f"{self.pause_s}s"


@dataclass(frozen=True, slots=True)
class Plan:
    """One reply: its shape, its pace, and the number that its last word bears."""

    shape: str
    segments: Sequence[Segment]
    number: int

    @property
    def mark(self) -> str:
        """The reply's last word."""
        return f"END{self.number}"

    def __str__(self) -> str:
        return f"{self.shape} {' '.join(map(str, self.segments))} #{self.number}"

    def tokens(self) -> list[str]:
        """All tokens, the mark included."""
        wanted = sum(segment.tokens for segment in self.segments)
        # Not by the number: every program is told the same text.
        return document(self.shape, wanted, self.mark, seed=wanted)


def read_plan(prompt: str) -> Plan | None:
    """The last plan in a prompt, which a client may have wrapped in words of its own."""
    found = _PROMPT.findall(prompt)
    if not found:
        return None
    shape, segments, number = found[-1]
    return Plan(shape, tuple(map(_segment, segments.split())), int(number)) if shape in SHAPES else None


def document(shape: str, tokens: int, mark: str, seed: int = 0) -> list[str]:
    """So many tokens of a shape of `SHAPES`, the last of which is the mark.

    Blocks of the mixed shape come whole, with prose where no other fits; the open shapes are cut anywhere and
    never come to an end of their own.
    """
    random = Random(seed)
    wanted = tokens - 1
    if shape == "mixed":
        found = list(_whole_blocks(random, wanted))
        found += islice(_words(random), wanted - len(found))
    else:
        found = list(
            islice((token for text in SHAPES[shape](random) for token in _TOKEN.findall(text)), wanted)
        )
    return [*found, f"\n\n{mark}" if shape in ("mixed", "prose") else f" {mark}"]


def _whole_blocks(random: Random, wanted: int) -> Iterator[str]:
    for block in _mixed(random):
        pieces = _TOKEN.findall(block)
        if len(pieces) > wanted:
            return
        wanted -= len(pieces)
        yield from pieces


def _mixed(random: Random) -> Iterator[str]:
    for section in count(1):
        yield f"## Part {section}\n\n"
        yield _paragraph(random)
        yield from ("".join(islice(_list(random), 5)) + "\n", _paragraph(random))
        yield "".join(islice(_fence(random), 9)) + "```\n\n"
        yield from (_paragraph(random), "".join(islice(_table(random), 6)) + "\n", _paragraph(random))
        times = random.randint(10, 99)
        yield f"```sh\nmake part-{section}\n./part-{section} --count {times} | sort -n\n```\n\n"


def _prose(random: Random) -> Iterator[str]:
    while True:
        yield _paragraph(random)


def _words(random: Random) -> Iterator[str]:
    while True:
        yield f"{random.choice(_WORDS)} "


def _list(random: Random) -> Iterator[str]:
    while True:
        yield f"- **{random.choice(_WORDS)}** {_sentence(random, 9)}\n"


def _table(random: Random) -> Iterator[str]:
    yield "| name | value | note |\n| --- | ---: | --- |\n"
    while True:
        yield f"| {random.choice(_WORDS)} | {random.randint(1, 9999)} | {_sentence(random, 3)} |\n"


def _fence(random: Random) -> Iterator[str]:
    yield "```python\n"
    for number in count():
        first, second = random.sample(_WORDS, 2)
        body = f"return {second} * {random.randint(2, 99)}  # {first}"
        yield f"def {first}_{number}({second}: int) -> int:\n    {body}\n"


def _paragraph(random: Random) -> str:
    words = [random.choice(_WORDS) for _ in range(50)]
    words[7], words[21], words[33] = f"**{words[7]}**", f"`{words[21]}`", f"*{words[33]}*"
    return " ".join(words).capitalize() + ".\n\n"


def _sentence(random: Random, words: int) -> str:
    return " ".join(random.choice(_WORDS) for _ in range(words))


def _segment(text: str) -> Segment:
    if text.endswith("s"):
        return Segment(0, pause_s=int(text[:-1]))
    return Segment(*map(int, text.split("@")))


SHAPES: Mapping[str, Callable[[Random], Iterator[str]]] = {
    "mixed": _mixed,
    "prose": _prose,
    "paragraph": _words,
    "list": _list,
    "table": _table,
    "fence": _fence,
}
