"""What a line of the log looks like, and what never stands in one."""

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from llmtui.core.redaction import Redactor
from llmtui.core.text import sanitise, sanitise_line

INDENT = "    "
"""What the lines of a traceback begin with."""
LONGEST = 20_000
"""Characters that are kept of a record."""
_BARE = re.compile(r"[^\s\"'=]+")


def logfmt(event: str, **fields: object) -> str:
    """An event with what is known of it: `request provider=claude input=12`; None and "" are left out."""
    known = (f"{key}={_value(value)}" for key, value in fields.items() if value not in (None, ""))
    return " ".join([event, *known])


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class LogFormatter(logging.Formatter):
    """One harmless line for each record, in UTC, with the lines of a traceback below it, without secrets."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        at = datetime.fromtimestamp(record.created, UTC)
        time = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
        lines = [sanitise_line(record.getMessage())]
        if record.exc_info:
            # Sanitised as a whole: what an exception says can hold line ends of any kind.
            lines += [INDENT + line for line in sanitise(self.formatException(record.exc_info)).split("\n")]
        text = self.redactor("\n".join(lines))
        if len(text) > LONGEST:
            text = text[: LONGEST - 1] + "…"
        return f"{time} {record.levelname:<7} {record.name}: {text}"


def keep_out_of_logs(secrets: Iterable[str]) -> None:
    """Have all logs of this process leave these out from now on."""
    secrets = list(secrets)
    for formatter in _formatters():
        formatter.redactor.learn(secrets)


def scrubbed(text: str) -> str:
    """A text as the log would hold it, to be shown elsewhere."""
    for formatter in _formatters():
        text = formatter.redactor(text)
    return Redactor()(text)


def _formatters() -> Iterable[LogFormatter]:
    found = (handler.formatter for handler in logging.getLogger().handlers)
    return [formatter for formatter in found if isinstance(formatter, LogFormatter)]


# Where nobody has begun a log, Python would print what is logged on standard error.
logging.getLogger("llmtui").addHandler(logging.NullHandler())
