"""What models.dev tells of models: read from a file of ours, which only `llmtui models refresh` writes.

The data is the project's `api.json`, described at https://github.com/sst/models.dev#readme: vendors by their
ids, each with its models, what those take in, their limits and what they cost.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit

from llmtui.config.credentials import without_credentials
from llmtui.config.private_files import write_private
from llmtui.core.errors import LlmtuiError
from llmtui.core.logs import logfmt
from llmtui.core.models import UNKNOWN, Capabilities, Fact, Limit, ModelInfo, Price
from llmtui.core.ports import Fetch
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_count, as_object, parsed

_log = logging.getLogger(__name__)
ADDRESS = "https://models.dev/api.json"
SOURCE: Literal["models.dev"] = "models.dev"
LARGEST_BODY = 64_000_000
"""Bytes; the list had three million in 2026."""

_VENDORS: Mapping[str, str] = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google",
    "api.mistral.ai": "mistral",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.groq.com": "groq",
    "api.x.ai": "xai",
    "api.together.xyz": "togetherai",
    "ollama.com": "ollama-cloud",
}
"""Host -> vendor, for those of which models.dev names no address."""
_FLAGS: Mapping[str, str] = {"tools": "tool_call", "reasoning": "reasoning", "temperature": "temperature"}
_STRUCTURED: Mapping[str, str] = {"structured_output": "structured_output"}
_INPUTS: Mapping[str, str] = {"image": "image", "audio": "audio", "video": "video", "documents": "pdf"}
DEAREST = 1_000_000
"""Dollars per million tokens: more is a mistake."""
_AMOUNTS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a look at models.dev has brought."""

    models: int
    vendors: int
    changed: bool
    """Whether the list is another one than the last."""


class ModelsDev:
    """The kept list; read when it is first asked for, and again when the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._reading = Lock()
        """Many providers' threads ask at the same time."""
        self._stamp = 0
        self._vendors: Mapping[str, Mapping[str, Any]] = {}
        self._hosts: Mapping[str, str] = {}

    def find(self, base_url: str, model: str) -> ModelInfo | None:
        """What the list says of a model at an address; None where it knows none such, and without a list."""
        with self._reading:
            self._read()
        host = urlsplit(base_url).hostname or ""
        vendor = self._vendors.get(_VENDORS.get(host) or self._hosts.get(host, ""), {})
        entry = as_object(vendor.get("models")).get(model)
        return _model(model, entry) if isinstance(entry, dict) else None

    async def refresh(self, fetch: Fetch, url: str = ADDRESS) -> Refreshed:
        """Ask for the list, unless the kept one is the newest; raises LlmtuiError, and keeps the old one."""
        address, kept = without_credentials(url), _kept(self._file)
        # A tag tells nothing at another address than its own.
        tag = str(kept.get("etag") or "") if kept.get("address") == address else ""
        answer = await fetch(url, {"if-none-match": tag} if tag else {}, LARGEST_BODY)
        if answer.status == 304 and tag:
            fresh, changed = kept, False
        elif answer.status == 200:
            named = {"address": address, "etag": answer.headers.get("etag", "")}
            fresh, changed = named | {"vendors": _vendors(answer.body, address)}, True
        else:
            raise LlmtuiError(f"{address} answered with status {answer.status}")
        try:
            write_private(self._file, json.dumps(fresh, separators=(",", ":")))
        except OSError as error:
            raise LlmtuiError(f"cannot write {self._file}: {error.strerror or error}") from None
        vendors = as_object(fresh["vendors"])
        models = sum(len(as_object(as_object(vendor).get("models"))) for vendor in vendors.values())
        return Refreshed(models, len(vendors), changed)

    def _read(self) -> None:
        try:
            stamp = self._file.stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._vendors = as_object(_kept(self._file).get("vendors"))
        hosts = ((_host(str(one.get("api") or "")), name) for name, one in self._vendors.items())
        self._hosts = {host: name for host, name in hosts if host}


def _host(api: str) -> str | None:
    try:
        return urlsplit(api).hostname
    except ValueError:
        return None


def _kept(file: Path) -> dict[str, Any]:
    """What the file holds; nothing where it is not there or not to be read."""
    try:
        return as_object(parsed(file.read_bytes()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning(logfmt("list of models.dev cannot be read", file=file, error=error))
        return {}


def _vendors(body: bytes, address: str) -> dict[str, Any]:
    """The list as it is kept: only what is used, of what has the form that it should have."""
    try:
        answer = parsed(body)
    except ValueError:
        raise LlmtuiError(f"{address} answered with something that is no JSON") from None
    vendors = {
        name: {"api": str(vendor.get("api") or ""), "models": models}
        for name, vendor in as_object(answer).items()
        if isinstance(vendor, dict) and (models := dict(_usable(as_object(vendor.get("models")))))
    }
    if not vendors:
        raise LlmtuiError(f"{address} answered with something that is no list of models")
    return vendors


_USED = ("name", *_FLAGS.values(), *_STRUCTURED.values(), "modalities", "limit", "cost")


def _usable(models: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in models.items():
        if isinstance(entry, dict):
            yield name, {field: entry[field] for field in _USED if field in entry}


def _model(model: str, entry: Mapping[str, Any]) -> ModelInfo:
    limits = as_object(entry.get("limit"))
    facts: dict[str, Any] = {
        **{name: _fact(entry.get(field)) for name, field in (*_FLAGS.items(), *_STRUCTURED.items())},
        **dict(_inputs(as_object(entry.get("modalities")).get("input"))),
        "context_window": _limit(limits.get("context")),
        "max_output": _limit(limits.get("output")),
    }
    name = sanitise_line(str(entry.get("name") or ""))
    return ModelInfo(model, name=name, capabilities=Capabilities(**facts), price=_price(entry.get("cost")))


def _inputs(listed: object) -> Iterable[tuple[str, Fact]]:
    if isinstance(listed, list):
        for name, word in _INPUTS.items():
            yield name, Fact(word in listed, SOURCE)


def _fact(value: object) -> Fact:
    return Fact(value, SOURCE) if isinstance(value, bool) else UNKNOWN


def _limit(value: object) -> Limit:
    tokens = as_count(value)
    return Limit(tokens, SOURCE) if tokens else Limit()


def _price(cost: object) -> Price:
    told = as_object(cost)
    amounts: dict[str, Any] = {name: _amount(told.get(name)) for name in _AMOUNTS}
    if amounts["input"] is None:
        return Price()
    if "context_over_200k" in told:
        return Price(**amounts, source=SOURCE, note="other prices beyond 200k tokens", most_input=200_000)
    return Price(**amounts, source=SOURCE)


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and 0 <= amount <= DEAREST else None
