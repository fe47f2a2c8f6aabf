"""Where secrets stand in settings: in an address, in a header, under a telling name."""

import base64
import re
from urllib.parse import unquote

_SCHEMES = re.compile(r"(?:bearer|basic|token|apikey|digest)\s+(\S.*)", re.IGNORECASE)
_PORT = re.compile(r"\d*\]?")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_TELLING = {
    *("apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "key"),
    *("passwd", "password", "secret", "token"),
}
MASK = "********"


def split_credentials(url: str) -> tuple[str, str]:
    """The address without its user and password, and these as `user:password`, empty where there are none."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    place, slash, path = rest.partition("/")
    if "@" not in place and "@" in path and not _PORT.fullmatch(place.rpartition(":")[2]) and ":" in place:
        # A password with a slash in it: no address, and all the more nothing to be shown.
        place, slash, path = rest, "", ""
    user, _, host = place.rpartition("@")
    return f"{scheme}{separator}{host}{slash}{path}", unquote(user)


def without_credentials(url: str) -> str:
    """The address as it may be shown."""
    return split_credentials(url)[0]


def forms_of(user: str) -> list[str]:
    """Everything by which a `user:password` gives itself away in a text."""
    return [form for form in (user, user.partition(":")[2], basic_token(user)) if form] if user else []


def basic_token(user: str) -> str:
    """What stands behind `Basic` in a header."""
    return base64.b64encode(user.encode()).decode()


def header_secrets(value: str) -> list[str]:
    """What must not be shown of a header: all of it, and what stands behind its scheme, alone."""
    scheme = _SCHEMES.fullmatch(value.strip())
    return [value.strip(), *([scheme[1]] if scheme else [])]


def is_telling(name: str) -> bool:
    """Whether something of this name is likely a secret: `x-api-key`, `authToken`, but not `max_tokens`."""
    return any(word.lower() in _TELLING for word in _WORD.findall(name))


def masked_address(url: str) -> str:
    """An address to show: user, password and whatever its query says are hidden."""
    shown, user = split_credentials(url)
    shown, query, _ = shown.partition("?")
    if user:
        scheme, separator, rest = shown.rpartition("://")
        shown = f"{scheme}{separator}{MASK}@{rest}"
    return f"{shown}?{MASK}" if query else shown
