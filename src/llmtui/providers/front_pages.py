"""Who answers at an address, by its front page: servers of models, pages of proxies, anything else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmtui.core.redaction import redact
from llmtui.core.text import sanitise_line
from llmtui.providers.error_bodies import page_title
from llmtui.providers.page import Page

_PASSWORD_FIELD = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)
_LOGIN_WORDS = re.compile(r"\b(log ?in|sign ?in|log on|captive|authenticat)", re.IGNORECASE)
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server that has a front page of its own, and how it can be used instead."""

    name: str
    hint: str
    body: bytes = b""
    """What the page holds, in lower case."""
    server: str = ""
    """What its header `server` begins with, in lower case."""


def _kind(kind: str) -> str:
    return f"set `kind: {kind}` for this provider, with /v1 behind its address; or name Ollama's own port"


KNOWN: Sequence[KnownServer] = (
    # https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/618
    KnownServer("LM Studio", _kind("lmstudio"), body=b"unexpected endpoint or method."),
    KnownServer("llama.cpp's server", _kind("llamacpp"), server="llama.cpp"),
    KnownServer("LocalAI", _kind("localai"), body=b"<title>localai"),
    KnownServer(
        "Open WebUI",
        "it passes requests on at /ollama: put that behind its address, with an API key of its settings",
        body=b"<title>open webui",
    ),
)


def known_server(page: Page) -> KnownServer | None:
    """The server of models that a front page belongs to."""
    body, server = page.body[:65536].lower(), page.headers.get("server", "").lower()
    return next(
        (
            one
            for one in KNOWN
            if (one.body and one.body in body) or (one.server and server.startswith(one.server))
        ),
        None,
    )


def is_login(page: Page) -> bool:
    """Whether it asks a person to log in, as proxies and networks do."""
    title = page_title(page.body)
    return page.is_html and bool(_PASSWORD_FIELD.search(page.body) or _LOGIN_WORDS.search(title))


def name_of(page: Page) -> str:
    """What a front page is, in words."""
    title = _clean(page, page_title(page.body))
    named = f" titled '{title}'" if title else ""
    if is_login(page):
        return f"a login page{named}, as of a proxy"
    software = _clean(page, page.headers.get("server", ""))
    by = f" of {software}" if software else ""
    if page.is_html:
        return f"a web page{named}{by}"
    excerpt = _clean(page, page.body[:512].decode("utf-8", "replace"))
    said = f", which says {excerpt}" if excerpt else ""
    return f"another server{by} (status {page.status}){said}"


def _clean(page: Page, text: str) -> str:
    words = sanitise_line(redact(text, page.secrets)).strip()
    return words if len(words) <= LONGEST_NAME else f"{words[:LONGEST_NAME]}…"
