"""The log file: rotated, for its owner only, written by a thread so that nothing waits for the disk."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from llmtui.core.errors import LlmtuiError, ProviderError
from llmtui.core.logs import LogFormatter, logfmt
from llmtui.core.redaction import Redactor

NAME = "llmtui.log"
LARGEST = 1_000_000
OLDER = 2
"""Earlier files that are kept beside the newest: `llmtui.log.1` and `llmtui.log.2`."""
OURS = "llmtui"

_log = logging.getLogger(__name__)


class Handover(QueueHandler):
    """Hands records to the thread as they are: it is the one that formats them."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record itself."""
        return record


class LogFile(RotatingFileHandler):
    """A rotated file that several processes may write to; opened when there is something to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST, backupCount=OLDER, encoding="utf-8", delay=True)

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Whether it is full; first goes over to the new file when another process has rotated."""
        if self.stream and not _is_open_at(self.stream, self.baseFilename):
            self.stream.close()
            self.stream = self._open()
        return bool(super().shouldRollover(record))

    def close(self) -> None:
        """Close; what a full disk did not take is lost."""
        with suppress(OSError):
            super().close()

    def _open(self) -> TextIOWrapper:
        folder = Path(self.baseFilename).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        return open(self.baseFilename, "a", encoding="utf-8", opener=_for_its_owner)


def start_log(folder: Path, level: str = "info") -> Callable[[], None]:
    """Send all that is logged in this process to the log file; returns what stops that.

    Nothing goes to standard error any more, which is where the screen is drawn, and no failure of the log
    is told anywhere: a full disk stops no chat.
    """
    records: SimpleQueue[logging.LogRecord] = SimpleQueue()
    handler, file = Handover(records), LogFile(folder / NAME)
    handler.addFilter(_is_wanted)
    # Both have it: who wants to keep a secret out of the logs finds it at the root's handler.
    formatter = LogFormatter(Redactor())
    handler.setFormatter(formatter)
    file.setFormatter(formatter)
    listener = QueueListener(records, file)
    listener.start()
    root = logging.getLogger()
    root.addHandler(handler)
    set_level(level)
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    threading.excepthook = _log_thread
    began = time.monotonic()

    def stop() -> None:
        atexit.unregister(stop)
        _log.info(logfmt("ended", seconds=time.monotonic() - began))
        root.removeHandler(handler)
        listener.stop()
        file.close()
        logging.captureWarnings(False)
        logging.raiseExceptions = True
        threading.excepthook = threading.__excepthook__

    atexit.register(stop)
    return stop


def set_level(level: str) -> None:
    """Log what is as serious as this or more; of libraries only warnings, and when debugging their notes."""
    number = getattr(logging, level.upper())
    logging.getLogger(OURS).setLevel(number)
    logging.getLogger().setLevel(logging.INFO if number == logging.DEBUG else max(number, logging.WARNING))


def log_failure(error: BaseException) -> None:
    """Log what ended a command; an error that nobody expected with its traceback."""
    if isinstance(error, LlmtuiError):
        # A server's words can repeat what was asked; its request has a line of its own.
        message = None if isinstance(error, ProviderError) else error
        _log.error(logfmt("command failed", error=type(error).__name__, message=message))
    else:
        _log.error("command crashed", exc_info=error)


def _is_wanted(record: logging.LogRecord) -> bool:
    """Whether a record may be written: what libraries say below INFO holds headers and prompts.

    Their own levels do not hold that: variables such as OPENAI_LOG change them.
    """
    ours = record.name == OURS or record.name.startswith(f"{OURS}.")
    return ours or record.levelno >= max(logging.INFO, logging.getLogger().level)


def _log_thread(failure: Any) -> None:
    _log.error("thread failed", exc_info=(failure.exc_type, failure.exc_value, failure.exc_traceback))


def _is_open_at(stream: TextIOWrapper, path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(stream.fileno()))
    except OSError:
        return False


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
