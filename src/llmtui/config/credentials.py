"""User and password inside an address, as in `https://user:password@host/v1`."""

import base64
from urllib.parse import unquote


def split_credentials(url: str) -> tuple[str, str]:
    """The address without its user and password, and these as `user:password`, empty where there are none."""
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    place, slash, path = rest.partition("/")
    user, _, host = place.rpartition("@")
    return f"{scheme}{separator}{host}{slash}{path}", unquote(user)


def basic_token(user: str) -> str:
    """What stands behind `Basic` in a header."""
    return base64.b64encode(user.encode()).decode()
