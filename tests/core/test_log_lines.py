import logging
import re
import sys
from collections.abc import Iterator

import pytest

from llmtui.core.logs import INDENT, LONGEST, LogFormatter, keep_out_of_logs, logfmt, scrubbed
from llmtui.core.redaction import Redactor

LINE = re.compile(r"2001-09-09T01:46:40\.123Z WARNING llmtui\.x: (.*)", re.DOTALL)


def formatted(message: str, *args: object, crash: BaseException | None = None) -> str:
    exc_info = (type(crash), crash, crash.__traceback__) if crash else None
    record = logging.LogRecord("llmtui.x", logging.WARNING, "x.py", 1, message, args, exc_info)
    record.created = 1_000_000_000.1234
    found = LINE.fullmatch(LogFormatter(Redactor(["canary-secret"])).format(record))
    assert found
    return found[1]


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    handler = logging.NullHandler()
    handler.setFormatter(LogFormatter(Redactor()))
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_fields_are_quoted_where_that_is_needed_and_left_out_where_nothing_is_known() -> None:
    line = logfmt("request", a="plain", b="two words", c='"', d=None, e="", f=0, g=1.23456, h="é", i=False)
    assert line == 'request a=plain b="two words" c="\\"" f=0 g=1.235 h=é i=False'


def test_a_record_is_one_harmless_line_in_utc() -> None:
    assert formatted("one\ntwo \x1b[2J%s", "three") == "one two ␛[2Jthree"


def test_a_traceback_stands_below_and_holds_no_secret() -> None:
    try:
        raise ValueError("canary-secret\r\n\x1b]0;title\x07 and sk-0123456789abcdef")
    except ValueError as error:
        lines = formatted("failed", crash=error).split("\n")
    assert lines[0] == "failed"
    assert all(line.startswith(INDENT) for line in lines[1:])
    assert lines[1] == INDENT + "Traceback (most recent call last):"
    assert f"{INDENT}ValueError: [redacted]" in lines
    assert lines[-1] == f"{INDENT}␛]0;title␇ and [redacted]"


def test_what_is_learned_is_kept_out_of_every_log(handler: logging.Handler) -> None:
    assert scrubbed("later-known secret") == "later-known secret"
    keep_out_of_logs(iter(["later-known secret"]))
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "a later-known secret", (), None)
    assert handler.format(record).endswith("a [redacted]")
    assert scrubbed("later-known secret, Bearer 0123456789") == "[redacted], Bearer [redacted]"


def test_an_exception_without_a_traceback_is_told() -> None:
    assert sys.exc_info() == (None, None, None)
    assert "KeyError: 'x'" in formatted("failed", crash=KeyError("x"))


def test_a_long_record_is_cut_after_its_secrets_were_taken_out() -> None:
    text = formatted("x" * (LONGEST - 5) + "canary-secret" + "y" * LONGEST)
    assert len(text) == LONGEST
    assert "canary"[:4] not in text
