"""A whole model of half a megabyte that real servers load: a llama of random weights, which speaks nonsense.

The logits are biased so that it says whole words only, and comes to an end after some `LENGTH` tokens.
Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import random
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORDS = (
    *("the", "a", "of", "and", "to", "in", "model", "terminal", "stream", "token", "answer", "prompt"),
    *("screen", "fast", "slow", "naïve", "日本語", "🙂"),
)
SPECIAL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
LAYERS, WIDTH, INNER, HEADS, CONTEXT, LENGTH = 2, 64, 128, 2, 2048, 40
VOCABULARY = 288
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5
_ALIGNMENT = 32
CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
Rows = list[list[float]]


@dataclass(frozen=True)
class Tensor:
    """Rows of numbers; a vector is one row."""

    name: str
    rows: Rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of a row first, as GGUF wants it."""
        return (len(self.rows[0]), len(self.rows)) if len(self.rows) > 1 else (len(self.rows[0]),)

    def data(self) -> bytes:
        numbers = array("f", (number for row in self.rows for number in row)).tobytes()
        return numbers + bytes(-len(numbers) % _ALIGNMENT)


def write_tiny_model(path: Path, *, seed: int = 0, padding: int = 0) -> None:
    """Write the model, with so many bytes of padding, by which it takes its time on the way."""
    head = b"".join(_text(key) + value for key, value in _metadata(padding))
    tensors = list(_tensors(random.Random(seed)))
    infos, offset = b"", 0
    for tensor in tensors:
        shape = tensor.shape
        infos += _text(tensor.name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset)
        offset += len(tensor.data())
    count = sum(1 for _ in _metadata(0)) + bool(padding)
    begin = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), count) + head + infos
    with path.open("wb") as file:
        file.write(begin + bytes(-len(begin) % _ALIGNMENT))
        file.writelines(tensor.data() for tensor in tensors)


def _vocabulary() -> tuple[list[str], list[int]]:
    """The tokens and their kinds: single bytes for prompts, whole words for replies."""
    tokens = [(token, _CONTROL) for token in SPECIAL]
    tokens += [(shown, _NORMAL) for shown in _BYTES]
    tokens += [(_encoded(f" {word}"), _NORMAL) for word in WORDS]
    tokens += [(f"<pad{number}>", _UNUSED) for number in range(VOCABULARY - len(tokens))]
    return [token for token, _ in tokens], [kind for _, kind in tokens]


def _metadata(padding: int) -> Iterator[tuple[str, bytes]]:
    tokens, kinds = _vocabulary()
    yield "general.architecture", _string("llama")
    yield "general.name", _string("tiny")
    yield "general.file_type", _number(0)
    yield "llama.context_length", _number(CONTEXT)
    yield "llama.embedding_length", _number(WIDTH)
    yield "llama.block_count", _number(LAYERS)
    yield "llama.feed_forward_length", _number(INNER)
    yield "llama.attention.head_count", _number(HEADS)
    yield "llama.attention.head_count_kv", _number(HEADS)
    yield "llama.rope.dimension_count", _number(WIDTH // HEADS)
    yield "llama.rope.freq_base", struct.pack("<If", 6, 10000.0)
    yield "llama.attention.layer_norm_rms_epsilon", struct.pack("<If", 6, 1e-5)
    yield "llama.vocab_size", _number(VOCABULARY)
    if padding:
        numbers = random.Random(1).randbytes(padding // 4 * 4)
        yield "general.padding", struct.pack("<IIQ", 9, 4, len(numbers) // 4) + numbers
    yield "tokenizer.ggml.model", _string("gpt2")
    yield "tokenizer.ggml.pre", _string("gpt-2")
    yield "tokenizer.ggml.tokens", _strings(tokens)
    yield "tokenizer.ggml.token_type", struct.pack(f"<IIQ{len(kinds)}i", 9, 5, len(kinds), *kinds)
    yield "tokenizer.ggml.merges", _strings([f"{_BYTES[32]} a"])
    for number, name in enumerate(("unknown", "bos", "padding", "", "eos")):
        if name:
            yield f"tokenizer.ggml.{name}_token_id", _number(number)
    yield "tokenizer.ggml.add_bos_token", struct.pack("<I?", 7, False)
    yield "tokenizer.chat_template", _string(CHATML)


def _tensors(rng: random.Random) -> Iterator[Tensor]:
    def small(rows: int, columns: int) -> Rows:
        return [[rng.gauss(0, 0.02) for _ in range(columns)] for _ in range(rows)]

    ones = [[1.0] * WIDTH]
    embedding, output = _ends(rng)
    yield Tensor("token_embd.weight", embedding)
    for layer in range(LAYERS):
        for part in ("q", "k", "v", "output"):
            yield Tensor(f"blk.{layer}.attn_{part}.weight", small(WIDTH, WIDTH))
        yield Tensor(f"blk.{layer}.attn_norm.weight", ones)
        yield Tensor(f"blk.{layer}.ffn_norm.weight", ones)
        yield Tensor(f"blk.{layer}.ffn_gate.weight", small(INNER, WIDTH))
        yield Tensor(f"blk.{layer}.ffn_up.weight", small(INNER, WIDTH))
        yield Tensor(f"blk.{layer}.ffn_down.weight", small(WIDTH, INNER))
    yield Tensor("output_norm.weight", ones)
    yield Tensor("output.weight", output)


def _ends(rng: random.Random) -> tuple[Rows, Rows]:
    """Embedding and output; the first column of the one is constant, and so of the other a bias per token."""
    embedding = [[4.0, *(rng.gauss(0, 1) for _ in range(WIDTH - 1))] for _ in range(VOCABULARY)]
    first = len(SPECIAL) + len(_BYTES)
    spoken = range(first, first + len(WORDS))
    output = [
        [0.0, *(rng.gauss(0, 0.3) for _ in range(WIDTH - 1))]
        if token in spoken
        else [-12.0] + [0.0] * (WIDTH - 1)
        for token in range(VOCABULARY)
    ]
    hidden = [_normal(embedding[token]) for token in spoken]
    sums = [
        math.log(sum(math.exp(sum(map(float.__mul__, state, output[token]))) for token in spoken))
        for state in hidden
    ]
    scale = sum(state[0] for state in hidden) / len(hidden)
    output[SPECIAL.index("<|im_end|>")][0] = (sum(sums) / len(sums) - math.log(LENGTH)) / scale
    return embedding, output


def _normal(row: list[float]) -> list[float]:
    size = math.sqrt(sum(number * number for number in row) / len(row))
    return [number / size for number in row]


def _byte_characters() -> list[str]:
    """GPT-2's table: a printable character for every byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(256 + rest.index(byte)) for byte in range(256)]


_BYTES = _byte_characters()


def _encoded(text: str) -> str:
    return "".join(_BYTES[byte] for byte in text.encode())


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _string(text: str) -> bytes:
    return struct.pack("<I", 8) + _text(text)


def _strings(texts: list[str]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(texts)) + b"".join(map(_text, texts))


def _number(number: int) -> bytes:
    return struct.pack("<II", 4, number)
