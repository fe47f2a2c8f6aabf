"""User and password inside an address, as in `https://user:password@host/v1`."""

import base64
from urllib.parse import unquote


def split_credentials(url: str) -> tuple[str, str]:
    """The address without its user and password, and these as `user:password`, empty where there are none."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    place, slash, path = rest.partition("/")
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
