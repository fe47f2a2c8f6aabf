"""Flat settings, `{"model": "gpt-4o", "api_key": "sk-…"}`: brought into the form of today."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from llmtui.config.document import Document, KeyPath
from llmtui.config.environment import KEY_FIELD, VARIABLE_FIELD
from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.config.wording import unknown_key

OPENAI_KIND = "openai"
"""The kind that asks OpenAI itself."""
OPENAI_HOST = "api.openai.com"
GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta/openai"
"""Where Google speaks OpenAI's wire: https://ai.google.dev/gemini-api/docs/openai"""

PROVIDER_FIELD = "provider"
OPTIONS_FIELD = "provider_options"
_PLAIN = ("base_url", "model", "temperature", "max_tokens", "system_prompt")
"""What means the same in both forms; it belongs to the named provider."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    id: str
    kind: str
    key_field: str = KEY_FIELD
    """Where flat settings have this vendor's key, if not in `api_key`."""
    base_url: str | None = None
    key_variable: str | None = None
    """The variable to ask for, where the kind itself would name another one's."""


_OPENAI = _Vendor("openai", OPENAI_KIND)
_CLAUDE = _Vendor("claude", "anthropic", "claude_api_key")
_GEMINI = _Vendor("gemini", "gemini", "gemini_api_key")
_OPENAI_SHAPED_GEMINI = replace(
    _GEMINI, kind="openai_compat", base_url=GEMINI_URL, key_variable="GEMINI_API_KEY"
)
"""For options and addresses, which come from the time when Gemini was asked over OpenAI's wire."""
_VENDORS = {
    "openai": _OPENAI,
    "claude": _CLAUDE,
    "anthropic": _CLAUDE,
    "gemini": _GEMINI,
    "google": _GEMINI,
    "ollama": _Vendor("ollama", "ollama"),
}
FIELDS = (PROVIDER_FIELD, KEY_FIELD, _CLAUDE.key_field, _GEMINI.key_field, *_PLAIN, OPTIONS_FIELD)


@dataclass(frozen=True, slots=True)
class OptionNames:
    """Which options a kind has, and which of them takes what it does not know."""

    known: frozenset[str]
    rest: str


OPTIONS: Mapping[str, OptionNames] = {
    "openai_compat": OptionNames(
        frozenset({"stream_options", "max_tokens_field", "short_tool_ids", "extra_body"})
        | {"tool_turn_reasoning", "efforts", "key_header", "key_path", "chat_path", "models_path"}
        | {"first_model", "query"},
        "extra_body",
    ),
    "anthropic": OptionNames(
        frozenset({"prompt_cache", "thinking", "beta_headers", "extra_body"}), "extra_body"
    ),
    "ollama": OptionNames(frozenset({"num_ctx", "think", "keep_alive", "parameters"}), "parameters"),
}
"""For the kinds that pass on what they do not know; the others are handed all options as they are."""


def is_legacy(data: object) -> bool:
    """Whether these are flat settings: some of their fields, and none of today's."""
    return (
        isinstance(data, dict)
        and any(key in FIELDS for key in data)
        and not any(key in AppSettings.model_fields for key in data)
    )


def modernise(document: Document) -> None:
    """Bring flat settings into today's form; `moved` remembers where each value stands in the file."""
    old = {key: value for key, value in document.data.items() if value is not None and value != ""}
    for key in document.data:
        if key not in FIELDS:
            document.complain((key,), unknown_key(key, FIELDS))
    document.data = {}
    if not isinstance(name := old.get(PROVIDER_FIELD, _OPENAI.id), str):
        document.complain((PROVIDER_FIELD,), "should be text")
    elif not isinstance(old.setdefault(OPTIONS_FIELD, {}), dict):
        document.complain((OPTIONS_FIELD,), "should be a mapping of keys to values")
    else:
        _Modernised(document, old, name.strip().lower()).build()


class _Modernised:
    def __init__(self, document: Document, old: Mapping[str, Any], name: str) -> None:
        self._document = document
        self._old = old
        self._named = _VENDORS.get(name) or _Vendor(name, name)
        if self._named is _GEMINI and (old[OPTIONS_FIELD] or "base_url" in old):
            self._named = _OPENAI_SHAPED_GEMINI

    def build(self) -> None:
        providers: list[dict[str, Any]] = []
        for index, (vendor, key_field) in enumerate(self._vendors()):
            path: KeyPath = ("providers", index)
            self._document.moved[path] = ()
            provider = self._keyed({"id": vendor.id, "kind": vendor.kind}, vendor, key_field, path)
            provider |= self._own(provider, path) if index == 0 else {}
            providers.append(
                {name: provider[name] for name in ProviderSettings.model_fields if name in provider}
            )
        for path in (("default_provider",), ("providers", 0, "id"), ("providers", 0, "kind")):
            self._document.moved[path] = (PROVIDER_FIELD,)
        self._document.data = {"default_provider": self._named.id, "providers": providers}

    def _vendors(self) -> Iterator[tuple[_Vendor, str]]:
        """Each provider with its key's field: the named one first, then who has a key of its own."""
        own = self._named.key_field if self._named.key_field in self._old else KEY_FIELD
        yield self._named, own
        for vendor in (_OPENAI, _CLAUDE, _GEMINI):
            if vendor.id != self._named.id and vendor.key_field != own and vendor.key_field in self._old:
                yield vendor, vendor.key_field

    def _keyed(
        self, provider: dict[str, Any], vendor: _Vendor, key_field: str, path: KeyPath
    ) -> dict[str, Any]:
        if vendor.base_url:
            provider["base_url"] = vendor.base_url
        if key_field in self._old:
            provider[KEY_FIELD] = self._old[key_field]
            self._document.moved[*path, KEY_FIELD] = (key_field,)
        elif vendor.key_variable and "base_url" not in self._old:
            provider[VARIABLE_FIELD] = vendor.key_variable
        return provider

    def _own(self, provider: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """What belongs to the named provider beside its key."""
        own: dict[str, Any] = {}
        for name in filter(self._old.__contains__, _PLAIN):
            own[name] = self._old[name]
            self._document.moved[*path, name] = (name,)
        # Options come from the time of chat completions, and OpenAI's newer API refuses most of them.
        of_chat = self._old[OPTIONS_FIELD] or _is_foreign(own.get("base_url"))
        if provider["kind"] == OPENAI_KIND and of_chat:
            own["kind"] = "openai_compat"
        if self._old[OPTIONS_FIELD]:
            own["options"] = self._options(own.get("kind", provider["kind"]), (*path, "options"))
        return own

    def _options(self, kind: str, path: KeyPath) -> dict[str, Any]:
        self._document.moved[path] = (OPTIONS_FIELD,)
        old: dict[str, Any] = self._old[OPTIONS_FIELD]
        if (names := OPTIONS.get(kind)) is None:
            return old
        known = {name: value for name, value in old.items() if name in names.known}
        rest = {name: value for name, value in old.items() if name not in names.known}
        if not rest:
            return known
        given = known.get(names.rest, {})
        if not isinstance(given, dict):
            self._document.complain((OPTIONS_FIELD, names.rest), "should be a mapping of keys to values")
            return known
        for name in rest:
            self._document.moved[*path, names.rest, name] = (OPTIONS_FIELD, name)
        return known | {names.rest: given | rest}


def _is_foreign(base_url: object) -> bool:
    """Whether an address is somebody else's than OpenAI's."""
    if base_url is None:
        return False
    try:
        host = (urlsplit(str(base_url)).hostname or "").lower()
    except ValueError:
        return True
    return host != OPENAI_HOST and not host.endswith(f".{OPENAI_HOST}")
