"""A key that a shell command prints."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from llmtui.core.errors import KeyUnavailable

COMMAND_CLOCK_S = 10.0
_STEP_S = 0.1
_LONGEST_WORDS = 200
_HINT = "run the command of `api_key` in a shell: it should print the key and nothing else, and ask nothing"


def key_from_command(
    command: str, clock_s: float = COMMAND_CLOCK_S, abandoned: Callable[[], bool] = lambda: False
) -> str:
    """The first line that the command prints; raises KeyUnavailable, which never says what was printed.

    The command gets a session of its own: it cannot ask on the terminal that the screen is drawn on, and what
    it started ends with it when the time is up, or when it is `abandoned`.
    """
    try:
        process = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise KeyUnavailable(f"the command for the key cannot be run: {_reason(error)}", _HINT) from None
    try:
        out, err = _output_of(process, time.monotonic() + clock_s, abandoned)
    except subprocess.TimeoutExpired:
        words = "was stopped" if abandoned() else f"did not end within {clock_s:g} s"
        raise KeyUnavailable(f"the command for the key {words}", _HINT) from None
    finally:
        _let_go(process)
    key = _first_line(out)
    if process.returncode:
        words = f"the command for the key ended with exit code {process.returncode}"
        raise KeyUnavailable(words + _complaint(err, key), _HINT)
    if not key:
        raise KeyUnavailable("the command for the key printed nothing" + _complaint(err, key), _HINT)
    return key


def _output_of(
    process: subprocess.Popen[bytes], deadline: float, abandoned: Callable[[], bool]
) -> tuple[bytes, bytes]:
    """What the command wrote until it ended, even if something it left running holds its output open."""
    while True:
        try:
            return process.communicate(timeout=_STEP_S)
        except subprocess.TimeoutExpired as slow:
            if process.poll() is not None:
                return slow.stdout or b"", slow.stderr or b""
            if time.monotonic() > deadline or abandoned():
                raise


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()


def _first_line(out: bytes) -> str:
    return out.decode("utf-8", "replace").partition("\n")[0].strip()


def _complaint(err: bytes, key: str) -> str:
    """The last thing that the command said beside its output, without what it printed."""
    lines = err.decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    words = last.replace(key, "[redacted]") if key else last
    return f": {words[:_LONGEST_WORDS]}" if words else ""


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it holds a NUL character"
