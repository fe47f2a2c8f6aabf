"""What the bodies of refused requests say, in the shapes of all vendors."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmtui.core.untrusted import as_object, as_objects, parsed


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error body says."""

    message: str
    codes: tuple[str, ...] = ()
    status: int | None = None
    structured: bool = True
    retry_after_s: float | None = None


def read_body(status: int, content_type: str, body: bytes) -> ErrorBody:
    """Read the body of an answer with an error status."""
    if looks_like_html(content_type, body):
        words = f"HTTP {status}: {page_title(body) or 'a web page'} (a web page: it may come from a proxy)"
        return ErrorBody(words, structured=False)
    try:
        payload = parsed(body)
    except ValueError:
        payload = None
    return read_payload(payload, body, status)


def read_payload(payload: object, body: bytes = b"", status: int | None = None) -> ErrorBody:
    """Read the shapes of OpenAI, Claude, Gemini, Ollama, Mistral, FastAPI and llama.cpp."""
    if isinstance(payload, list) and payload:
        payload = payload[0]
    outer = as_object(payload)
    inner = outer.get("error") or outer
    error = inner if isinstance(inner, dict) else {"message": inner}
    codes = [error.get("code"), error.get("error_code"), error.get("type"), error.get("status")]
    codes += [outer.get("code"), outer.get("type")]
    # Google's: https://cloud.google.com/apis/design/errors#error_details
    details = as_objects(error.get("details"))
    codes = [*(detail.get("reason") for detail in details), *codes]
    message = _words(error.get("message") or error.get("detail") or outer.get("message"))
    if sign_in := outer.get("signin_url"):
        message = f"{message}: sign in at {sign_in}"
    if not message:
        # Whole: a secret that is cut in two would not be recognised.
        plain = payload if isinstance(payload, str) else body.decode("utf-8", "replace")
        message = plain.strip() or (f"HTTP {status} without a message" if status else json.dumps(payload))
    words = [code.lower() for code in codes if isinstance(code, str) and not code.isdigit()]
    return ErrorBody(
        message=message,
        codes=tuple(word for word in words if word not in ("", "error")),
        status=next(iter(_statuses(codes)), None),
        structured=bool(outer),
        retry_after_s=next(filter(None, (_seconds(detail.get("retryDelay")) for detail in details)), None),
    )


def looks_like_html(content_type: str, body: bytes) -> bool:
    """Whether a body is a web page, whatever it was announced as."""
    return "html" in content_type.lower() or body[:256].lstrip().lower().startswith((b"<!doctype", b"<html"))


def page_title(body: bytes) -> str:
    """The title of a web page."""
    found = re.search(rb"<title[^>]*>(.{0,200}?)</title", body[:65536], re.IGNORECASE | re.DOTALL)
    return " ".join(found[1].decode("utf-8", "replace").split()) if found else ""


def _statuses(codes: Sequence[object]) -> Iterator[int]:
    for code in codes:
        number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 0
        if 400 <= number < 600:
            yield number


def _seconds(duration: object) -> float | None:
    """A duration as Google writes it, `"1.5s"`."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", duration) if isinstance(duration, str) else None
    return float(found[1]) if found else None


def _words(message: object) -> str:
    """A message that may be text, a list of pydantic's complaints, or an object."""
    if isinstance(message, str):
        return message
    if isinstance(message, list):
        return "; ".join(filter(None, map(_words, message)))
    if isinstance(message, dict):
        loc = message.get("loc")
        place = ".".join(map(str, loc)) if isinstance(loc, list) else ""
        text = _words(message.get("msg") or message.get("message") or message.get("detail"))
        return f"{place}: {text}" if place and text else text
    return ""
