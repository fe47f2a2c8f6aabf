"""What an Ollama server writes while it pulls, line by line: as real ones did, and with every fault.

The shapes were recorded from Ollama 0.9.3 (a registry of its own on loopback); a line is a mapping, or bytes
where it is no JSON.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from llmtui.testing.wire_server import CUT, STALL, Write

Line: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Line | Write
"""A line of the transcript, or what a scripted reply of the wire server can do."""

MANIFEST: Line = {"status": "pulling manifest"}
VERIFY: Line = {"status": "verifying sha256 digest"}
WRITE: Line = {"status": "writing manifest"}
SUCCESS: Line = {"status": "success"}
ENDING: Sequence[Line] = (VERIFY, WRITE, SUCCESS)
PIECES = 8
"""Progress lines of a layer."""
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in to the guest network</title></head></html>"


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a model."""

    digest: str
    size: int

    @classmethod
    def named(cls, name: str, size: int) -> "Layer":
        """A layer whose digest follows from a name."""
        return cls(f"sha256:{sha256(name.encode()).hexdigest()}", size)

    def line(self, completed: int, verb: str = "pulling") -> Line:
        """How far it is; as Ollama does, a number that is 0 is left out."""
        short = self.digest.removeprefix("sha256:")[:12]
        numbers = {"total": self.size, "completed": completed}
        return {
            "status": f"{verb} {short}",
            "digest": self.digest,
            **{key: value for key, value in numbers.items() if value},
        }

    def lines(self, begun: int = 0, verb: str = "pulling") -> Iterator[Line]:
        """Its transfer from so many bytes on; one that is there already is one line."""
        if begun < self.size:
            yield self.line(begun, verb)
            for piece in range(1, PIECES):
                if (completed := self.size * piece // PIECES) > begun:
                    yield self.line(completed, verb)
        yield self.line(self.size, verb)


WEIGHTS = Layer.named("weights", 4_000_000)
TEMPLATE = Layer.named("template", 1_400)
LICENCE = Layer.named("licence", 7_700)
CONFIG = Layer.named("config", 485)
LAYERS: Sequence[Layer] = (WEIGHTS, TEMPLATE, LICENCE, CONFIG)


def pull_of(layers: Sequence[Layer] = LAYERS) -> list[Step]:
    """A pull that goes well; a layer's size is known when it begins, and not before."""
    return [MANIFEST, *(line for layer in layers for line in layer.lines()), *ENDING]


PULL: Sequence[Step] = pull_of()
CACHED: Sequence[Step] = [MANIFEST, *(layer.line(layer.size) for layer in LAYERS), *ENDING]
UNUSED: Sequence[Step] = [*PULL[:-1], {"status": "removing unused layers"}, SUCCESS]
ROLLBACK: Sequence[Step] = [
    MANIFEST,
    WEIGHTS.line(0),
    WEIGHTS.line(3_000_000),
    WEIGHTS.line(1_000_000),
    WEIGHTS.line(0),
    WEIGHTS.line(WEIGHTS.size),
    CONFIG.line(CONFIG.size),
    *ENDING,
]
"""A part failed and its bytes were taken back."""
PSEUDO_DIGEST: Sequence[Step] = [
    MANIFEST,
    *({"status": "pulling model", "digest": "sha256:model", "total": 100, "completed": n} for n in (40, 100)),
    WRITE,
    SUCCESS,
]
"""Models of many tensors are counted as one layer."""
NO_NUMBERS: Sequence[Step] = [MANIFEST, {"status": "pulling layers"}, SUCCESS]
"""As proxies for Ollama send it."""
BLANK_LINES: Sequence[Step] = [b"\n", MANIFEST, b"\r\n", WEIGHTS.line(7), b"\n\n", *ENDING, b"\n"]
CUT_OFF: Sequence[Step] = [MANIFEST, WEIGHTS.line(1_000_000), CUT]
ENDED_EARLY: Sequence[Step] = [MANIFEST, WEIGHTS.line(1_000_000)]
STALLED: Sequence[Step] = [MANIFEST, WEIGHTS.line(1_000_000), STALL]
NO_SUCH_MODEL: Sequence[Step] = [MANIFEST, {"error": "pull model manifest: file does not exist"}]
RETRIES_EXCEEDED: Sequence[Step] = [
    MANIFEST,
    WEIGHTS.line(1_000_000),
    {
        "error": 'max retries exceeded: Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: '
        "connection refused"
    },
]
DISK_FULL: Sequence[Step] = [
    MANIFEST,
    WEIGHTS.line(1_000_000),
    {"error": "write /root/.ollama/models/blobs/sha256-1f-partial: no space left on device"},
]
TOO_OLD: Sequence[Step] = [
    MANIFEST,
    {
        "error": "pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer "
        "version of Ollama."
    },
]
NO_REGISTRY: Sequence[Step] = [
    MANIFEST,
    {
        "error": 'pull model manifest: Get "https://registry.ollama.ai/v2/library/x/manifests/latest": dial '
        "tcp: lookup registry.ollama.ai: no such host"
    },
]
GARBAGE: Sequence[Step] = [MANIFEST, b"not json\n", *ENDING]


def as_writes(steps: Sequence[Step], end: bytes = b"\n") -> list[Write]:
    """The steps as the wire server plays them."""
    return [_bytes(step, end) if isinstance(step, Mapping) else step for step in steps]


def _bytes(line: Line, end: bytes) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + end
