"""What a frame of the transcript costs, as ratios within one run.

python -m benchmarks.transcript

A token is four characters; a frame shows three of them, as 60 tokens a second at 20 frames a second do.
CPU is that of this process, a headless Textual app of 120 by 40 in which nothing but the transcript changes.
"""

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from textual.app import App, ComposeResult

from llmtui.ui.transcript import Entry, Transcript

FRAME = 12
"""Characters of a frame."""
WORDS = (
    "model",
    "streams",
    "terminal",
    "repaints",
    "only",
    "what",
    "changed",
    "and",
    "keeps",
    "latency",
    "low",
)


class Host(App[None]):
    """A screen with a transcript and nothing else."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        super().__init__()
        self.entries = entries

    def compose(self) -> ComposeResult:
        """The transcript, which paints every frame that it is asked for."""
        transcript = Transcript(rest=0)
        transcript.show(self.entries)
        yield transcript


def sentence(rng: random.Random) -> str:
    """Some words, three of them styled."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(8, 16))]
    words[2], words[4], words[5] = f"**{words[2]}**", f"`{words[4]}`", f"*{words[5]}*"
    return " ".join(words).capitalize() + "."


def prose(tokens: int) -> str:
    """Paragraphs of three sentences."""
    rng = random.Random(tokens)
    return _filled(lambda n: " ".join(sentence(rng) for _ in range(3)) + "\n\n", tokens)


def mixed(tokens: int) -> str:
    """Prose, lists, code and tables in turn."""
    rng = random.Random(tokens)

    def block(number: int) -> str:
        items = range(rng.randint(3, 8))
        kinds = (
            lambda: " ".join(sentence(rng) for _ in items) + "\n\n",
            lambda: "".join(f"- {sentence(rng)}\n" for _ in items) + "\n",
            lambda: (
                "```python\n" + "".join(f"value_{n} = compute({n}, 'x')  # {n}\n" for n in items) + "```\n\n"
            ),
            lambda: "|name|value|\n|-|-:|\n" + "".join(f"|row {n}|{n * n}|\n" for n in items) + "\n",
        )
        return kinds[number % 4]()

    return _filled(block, tokens)


def open_blocks(tokens: int) -> Mapping[str, str]:
    """One block each that goes on to the end."""
    rng = random.Random(tokens)
    kinds: dict[str, tuple[str, Callable[[int], str]]] = {
        "list": ("", lambda n: f"- {sentence(rng)}\n"),
        "loose numbered list": ("", lambda n: f"{n + 1}. {sentence(rng)}\n\n"),
        "nested list": ("1. Topic\n", lambda n: f"   - {sentence(rng)}\n     1. {sentence(rng)}\n"),
        "quote": ("", lambda n: f"> {sentence(rng)}\n>\n"),
        "table": (
            "|name|value|note|\n|-|-:|-|\n",
            lambda n: f"| row {n} | {n * n} | {rng.choice(WORDS)} |\n",
        ),
        "fence": ("```python\n", lambda n: f"value_{n} = compute({n * n}, name='item {n}')  # step {n}\n"),
        "fence in a list": ("1. Run:\n\n   ```sh\n", lambda n: f"   step --number {n} 'some text'\n"),
        "paragraph": ("", lambda n: f"{sentence(rng)} "),
    }
    return {kind: _filled(more, tokens, start) for kind, (start, more) in kinds.items()}


def bad_input() -> Mapping[str, str]:
    """What no model should send."""
    row = "|" + "b|" * 500 + "\n"
    return {
        "2 MB in one line": "words and more " * 140_000,
        "2 MB without a space": "x" * 2_000_000,
        "10,000 nested lists": "- " * 10_000 + "x",
        "10,000 nested quotes": "> " * 10_000 + "x",
        "400 levels of indented lists": "".join("  " * n + f"- level {n}\n" for n in range(400)),
        "unclosed fence of 60,000 lines": "```python\n" + "x = 1  # 'y'\n" * 60_000,
        "table of 500 columns": f"|{'a|' * 500}\n|{'-|' * 500}\n{row * 200}",
        "only combining marks": "\u0301" * 200_000,
        "right to left": "שלום עולם abc مرحبا " * 10_000,
        "100,000 brackets": "[" * 100_000,
        "100,000 lines": "".join(f"line {n}\n" for n in range(100_000)),
        "50,000 list items": "".join(f"- item {n}\n" for n in range(50_000)),
    }


def conversation(messages: int) -> list[Entry]:
    """Questions and answers in turn."""
    answer = mixed(200)
    return [
        Entry(str(n), "assistant", "model", f"Reply {n}. {answer}")
        if n % 2
        else Entry(str(n), "user", "you", "So?")
        for n in range(messages)
    ]


class Stage:
    """A running app with a reply at the end of a conversation."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.text = ""

    async def frame_ms(self, act: Callable[[], object]) -> float:
        """CPU milliseconds until what was done has been painted."""
        painted = asyncio.Event()
        before = time.process_time()
        act()
        self.transcript.call_after_refresh(painted.set)
        await painted.wait()
        return 1e3 * (time.process_time() - before)

    async def stream_ms(self, text: str, size: int = FRAME) -> list[float]:
        """CPU milliseconds of every frame."""
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        self.text += text
        return [await self.frame_ms(partial(self.transcript.feed, "reply", chunk)) for chunk in chunks]

    async def close_ms(self) -> float:
        """CPU milliseconds of the frame in which the reply becomes exact."""
        reply = Entry("reply", "assistant", "model", self.text, note="12 tok")
        return await self.frame_ms(partial(self.transcript.close, reply))


@asynccontextmanager
async def stage(entries: Sequence[Entry] = ()) -> AsyncIterator[Stage]:
    """An app with a conversation, and a reply that begins."""
    async with Host(entries).run_test(size=(120, 40)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.begin(Entry("reply", "assistant", "model"))
        await pilot.pause()
        yield Stage(transcript)


async def warm() -> None:
    """Have everything imported and every lexer built."""
    async with stage() as reply:
        await reply.stream_ms(mixed(500))
    # As the app does after its first frame.
    gc.collect()
    gc.freeze()


async def long_reply(tokens: int) -> None:
    """The last 1,000 tokens against the first, and the end of the reply."""
    text, part = mixed(tokens), 1_000 * 4
    async with stage() as reply:
        # The first frames have an empty screen below them, which costs less than a full one.
        await reply.stream_ms(text[:part])
        first = await reply.stream_ms(text[part : 2 * part])
        between = await reply.stream_ms(text[2 * part : -part], 400)
        last = await reply.stream_ms(text[-part:])
        end_ms = await reply.close_ms()
    print(f"last 1,000 of {tokens:,} tokens against the second 1,000: {sum(last) / sum(first):.2f}")
    worst_ms = max(first + between + last)
    print(f"the end of that reply: {end_ms:.0f} ms; its worst frame: {worst_ms:.0f} ms")


async def long_conversation(messages: int) -> None:
    """A reply at the end of a long conversation against one in an empty one."""
    # The same long title stands before both, so that both fill the screen.
    start, text = prose(800), mixed(1_000)
    sums = {}
    for count in (0, messages):
        async with stage(conversation(count)) as reply:
            await reply.stream_ms(start, 400)
            sums[count] = sum(await reply.stream_ms(text))
    print(f"a reply after {messages:,} messages against one after none: {sums[messages] / sums[0]:.2f}")


async def shapes(tokens: int) -> None:
    """One open block against as much prose."""
    async with stage() as reply:
        floor = sum(await reply.stream_ms(prose(tokens)))
    print(f"prose of {tokens:,} tokens: {floor / (tokens * 4 / FRAME):.2f} ms a frame")
    for kind, text in open_blocks(tokens).items():
        async with stage() as reply:
            costs = await reply.stream_ms(text)
            end_ms = await reply.close_ms()
        print(f"  {kind}: {sum(costs) / floor:.2f} times that; its end {end_ms:.0f} ms")


async def opening(messages: int) -> None:
    """Showing a conversation, and a new width in the middle of it."""
    entries = conversation(messages)
    async with Host().run_test(size=(120, 40)) as pilot:
        reader = Stage(pilot.app.query_one(Transcript))
        small_ms = await reader.frame_ms(partial(reader.transcript.show, conversation(10)))
        show_ms = await reader.frame_ms(partial(reader.transcript.show, entries))
        await pilot.press("pageup", "pageup")
        before = time.process_time()
        await pilot.resize_terminal(90, 40)
        await pilot.pause()
        resize_ms = 1e3 * (time.process_time() - before)
    print(f"{messages:,} messages shown: {show_ms:.0f} ms (10: {small_ms:.0f}); resized: {resize_ms:.0f} ms")


async def burst(tokens: int) -> None:
    """Everything at once."""
    async with stage() as reply:
        (cost_ms,) = await reply.stream_ms(mixed(tokens), tokens * 4)
        end_ms = await reply.close_ms()
    print(f"{tokens:,} tokens in one frame: {cost_ms:.0f} ms, the end {end_ms:.0f} ms")


async def bad(characters: int) -> None:
    """The worst frame of each bad input: opened, streamed in pieces, and whole."""
    for kind, text in bad_input().items():
        async with stage() as reply:
            streamed = max(await reply.stream_ms(text[:characters], 50))
            end_ms = await reply.close_ms()
        async with stage() as reply:
            (whole_ms,) = await reply.stream_ms(text, len(text))
            shown_ms = await reply.frame_ms(
                partial(reply.transcript.show, [Entry("1", "assistant", "model", text)])
            )
        asked = Entry("1", "user", "you", text)
        async with Host().run_test(size=(120, 40)) as pilot:
            reader = Stage(pilot.app.query_one(Transcript))
            asked_ms = await reader.frame_ms(partial(reader.transcript.show, [asked]))
        print(
            f"  {kind}: streamed {streamed:.0f}, its end {end_ms:.0f}, in one frame {whole_ms:.0f}, "
            f"opened {shown_ms:.0f}, as a prompt {asked_ms:.0f} ms"
        )


async def main() -> None:
    """Print the figures."""
    await warm()
    await long_reply(20_000)
    await long_conversation(10_000)
    await shapes(4_000)
    await opening(10_000)
    await burst(20_000)
    print("worst frame of bad input:")
    await bad(20_000)


def _filled(more: Callable[[int], str], tokens: int, text: str = "") -> str:
    number = 0
    while len(text) < tokens * 4:
        text += more(number)
        number += 1
    return text[: tokens * 4]


if __name__ == "__main__":
    asyncio.run(main())
