"""The providers that are there without a config file, and the variables that vendors are known by."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmtui.config.schema import ProviderSettings

OLLAMA_PORT = 11434
_SCHEME_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment variables that a vendor's own tools read."""

    key: str | None = None
    base_url: str | None = None


KIND_VARIABLES: Mapping[str, Variables] = {
    "openai_compat": Variables("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": Variables("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "ollama": Variables(base_url="OLLAMA_HOST"),
}

_OPENAI = ProviderSettings(id="openai", kind="openai_compat", name="OpenAI", model="gpt-5.4-mini")
_CLAUDE = ProviderSettings(id="claude", kind="anthropic", name="Claude")
_OLLAMA = ProviderSettings(id="ollama", kind="ollama", name="Ollama")
_EMBEDDED = ProviderSettings(id="embedded", kind="embedded", name="Embedded")


def default_providers(environ: Mapping[str, str]) -> list[ProviderSettings]:
    """What the sidebar offers when the file names no providers; the first usable one is the default."""
    local = [_OLLAMA, _EMBEDDED] if environ.get("OLLAMA_HOST") else [_EMBEDDED, _OLLAMA]
    return [with_environment(settings, environ) for settings in (_OPENAI, _CLAUDE, *local)]


def with_environment(settings: ProviderSettings, environ: Mapping[str, str]) -> ProviderSettings:
    """A provider with its vendor's variables, where the settings leave both address and key to them.

    Both or neither: a key from the environment never goes to an address from the file, nor the reverse.
    """
    variables = KIND_VARIABLES.get(settings.kind)
    named = (settings.base_url, settings.api_key, settings.api_key_env)
    if variables is None or any(value is not None for value in named):
        return settings
    key = environ.get(variables.key or "")
    url = environ.get(variables.base_url or "")
    # A server of one's own may want no key: it is asked for only at the vendor's own address.
    found: dict[str, object] = {"api_key_env": variables.key if key or not url else None}
    if key:
        found["api_key"] = key
    if url:
        found["base_url"] = ollama_url(url) if settings.kind == "ollama" else url
    return ProviderSettings.model_validate(settings.model_dump(exclude_unset=True) | found)


def is_usable(settings: ProviderSettings) -> bool:
    """Whether no key is known to be missing."""
    return settings.api_key is not None or settings.api_key_env is None


def ollama_url(host: str) -> str:
    """The address to ask for a value of `OLLAMA_HOST`, which may be a bare host, or where a server binds.

    What is no address is returned as it is, for the request's error to show.

    Source: https://github.com/ollama/ollama/blob/main/envconfig/config.go (Host)
    """
    scheme, _, rest = host.strip().strip("'\"").rpartition("://")
    try:
        parts = urlsplit(f"//{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port
    except ValueError:
        return host
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    shown = f"[{name}]" if ":" in name else name
    port = port or _SCHEME_PORTS.get(scheme, OLLAMA_PORT)
    return f"{scheme or 'http'}://{shown}:{port}{parts.path.rstrip('/')}"
