"""Files that a Modelfile names, on their way to an Ollama server."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llmtui.core.errors import ConfigError
from llmtui.core.model_admin import TransferStep
from llmtui.core.text import sanitise_line
from llmtui.providers.ollama.modelfile import Command

_PIECE = 1 << 20
_READ_AT_ONCE = 16 << 20
# What of a folder belongs to a model, the first pattern that finds something:
# https://github.com/ollama/ollama/blob/main/parser/parser.go (filesForModel)
_WEIGHTS: Sequence[str] = (
    *("model*.safetensors", "consolidated*.safetensors"),
    *("pytorch_model*.bin", "consolidated*.pth", "*.gguf", "*.bin"),
)
_BESIDES = ("*.json", "*/*.json", "chat_template.jinja", "tokenizer.model", "*/tokenizer.model")
Send = Callable[[AsyncIterator[bytes]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send, and what the server calls it."""

    path: Path
    name: str


def files_of(command: Command, folder: Path) -> list[LocalFile]:
    """The files that an instruction names; none when it names a model.

    Raises ConfigError where it means a file that is not there. Looks at the disk: call it on a thread.
    """
    try:
        path = folder / Path(command.value).expanduser()
        if path.is_dir():
            return _of_folder(command, path)
        if path.is_file():
            return [LocalFile(path, path.name)]
    # A name that is too long, or of a home that is none.
    except (OSError, RuntimeError) as error:
        raise _wrong(command, f"cannot read {command.value}: {error}") from error
    if command.instruction != "from" or _is_path(command.value):
        raise _wrong(command, f"there is no file {path}")
    return []


@contextmanager
def readable(file: LocalFile) -> Iterator[None]:
    """Raise ConfigError where the file cannot be read."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"cannot read {file.path}: {error.strerror or error}") from error


async def digest_of(file: LocalFile) -> AsyncGenerator[TransferStep | str, None]:
    """How far the reading is, and at last the digest."""
    digest = hashlib.sha256()
    with await asyncio.to_thread(file.path.open, "rb") as source:
        size = max(1, file.path.stat().st_size)
        while await asyncio.to_thread(_update, digest, source):
            share = min(100, source.tell() * 100 // size)
            yield TransferStep("prepare", sanitise_line(f"reading {file.name} {share}%"))
    yield f"sha256:{digest.hexdigest()}"


async def upload(file: LocalFile, digest: str, send: Send) -> AsyncGenerator[TransferStep, None]:
    """Send a file; closing the generator ends the request."""
    sent: asyncio.Queue[int | None] = asyncio.Queue()
    size = file.path.stat().st_size
    sending = asyncio.ensure_future(send(_pieces(file.path, sent)))
    sending.add_done_callback(lambda _: sent.put_nowait(None))
    try:
        while (completed := await sent.get()) is not None:
            yield TransferStep("transfer", sanitise_line(f"sending {file.name}"), digest, completed, size)
        await sending
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _pieces(path: Path, sent: "asyncio.Queue[int | None]") -> AsyncIterator[bytes]:
    completed = 0
    with await asyncio.to_thread(path.open, "rb") as source:
        while piece := await asyncio.to_thread(source.read, _PIECE):
            yield piece
            completed += len(piece)
            sent.put_nowait(completed)


def _update(digest: "hashlib._Hash", source: BinaryIO) -> bool:
    piece = source.read(_READ_AT_ONCE)
    digest.update(piece)
    return bool(piece)


def _of_folder(command: Command, folder: Path) -> list[LocalFile]:
    if found := list(_model_files(folder)):
        return [LocalFile(file, str(file.relative_to(folder))) for file in found]
    raise _wrong(command, f"the folder {folder} holds no model: no GGUF and no safetensors file")


def _model_files(folder: Path) -> Iterable[Path]:
    weights: Sequence[Path] = next(filter(None, (sorted(folder.glob(one)) for one in _WEIGHTS)), [])
    besides = (path for pattern in _BESIDES for path in sorted(folder.glob(pattern))) if weights else ()
    return [path for path in (*weights, *besides) if path.is_file()]


def _is_path(value: str) -> bool:
    """Whether it cannot be a model's name."""
    return value.startswith((".", "/", "~")) or value.lower().endswith((".gguf", ".safetensors", ".bin"))


def _wrong(command: Command, words: str) -> ConfigError:
    return ConfigError(f"Modelfile, line {command.line}: {words}")
