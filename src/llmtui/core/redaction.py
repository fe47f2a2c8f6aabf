"""Keeping secrets out of what is shown and written: the known ones, and whatever has the shape of one."""

import json
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

REDACTED = "[redacted]"
_WHOLE_WORD_BELOW = 8

_HEADERS = r"(?:proxy-)?authorization|(?:x-(?:goog-)?)?api[-_]?key|set-cookie|cookie|password"
KEY_SHAPES: Sequence[tuple[str, str]] = [
    # A vendor's prefix and what it stands before.
    (r"(?<![A-Za-z0-9])(sk|rk|pk|xai|pplx)-[A-Za-z0-9_-]{8,}", REDACTED),
    (r"(?<![A-Za-z0-9])(gsk|hf|r8|ghp|nvapi)[_-][A-Za-z0-9_-]{16,}", REDACTED),
    (r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{16,}", REDACTED),
    # A header's or a field's name and its value, also as Python or JSON print them.
    (
        rf"""(?i)((?<![a-z0-9])(?:{_HEADERS})\\?["']?\s*[:=,]\s*(?:b?\\?["'])?)(?:(?:bearer|basic)\s+)?"""
        r"""[^\s"'\\,;)}\]]+""",
        rf"\1{REDACTED}",
    ),
    (r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\1\2{REDACTED}"),
    (r"([?&](?:key|api_key|token|access_token)=)[^&\s\"']+", rf"\1{REDACTED}"),
    # The user and password of an address.
    (r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,15}://)[^/\s@\"']+@", rf"\1{REDACTED}@"),
]
"""What a key looks like, and what is put in its place; not compiled before the first use, which is later."""


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets; a short one counts only as a whole word, or it would maim all text."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        edge = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
        before, after = edge if len(secret) < _WHOLE_WORD_BELOW else ("", "")
        text = re.sub(f"{before}{re.escape(secret)}{after}", REDACTED, text)
    return text


def redact_shapes(text: str) -> str:
    """The text without anything that looks like a key."""
    for pattern, instead in KEY_SHAPES:
        text = re.sub(pattern, instead, text)
    return text


class Redactor:
    """Knows secrets and takes them, and whatever looks like one, out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Take these out too, also as JSON, Python or an address writes them."""
        for secret in filter(None, secrets):
            # Replaced and not changed: the log's thread reads it.
            self._secrets |= {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")}

    def __call__(self, text: str) -> str:
        """The text without them."""
        return redact_shapes(redact(text, sorted(self._secrets)))
