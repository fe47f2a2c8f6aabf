"""The providers that are there without a config file, and the variables that vendors are known by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS, Vendor


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment variables that a vendor's own tools read."""

    key: str | None = None
    base_url: str | None = None
    key_host: str | None = None
    """The one host that the key is for; None: whatever the variable for the address names."""
    other_keys: tuple[str, ...] = ()
    """Where the key is looked for next."""
    needs_key: bool | None = None
    """Whether requests need one; None: at the vendor's own address, but not at one from a variable."""

    def found_key(self, environ: Mapping[str, str]) -> str | None:
        """The variable that holds the key, else the one to ask for."""
        names = [name for name in (self.key, *self.other_keys) if name]
        return next((name for name in names if environ.get(name)), self.key)


KIND_VARIABLES: Mapping[str, Variables] = {
    "openai": Variables("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "openai_compat": Variables("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": Variables("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "gemini": Variables("GEMINI_API_KEY"),
    "ollama": Variables("OLLAMA_API_KEY", "OLLAMA_HOST", key_host="ollama.com"),
}

# Known to be right, they are not validated: the first frame does not wait for pydantic to learn how.
_make = ProviderSettings.model_construct
_OPENAI = _make(id="openai", kind="openai", name="OpenAI")
# Servers in OpenAI's shape hardly ever have its newer API.
_OPENAI_SHAPED = _make(id="openai", kind="openai_compat", name="OpenAI", model="gpt-5.4-mini")
_CLAUDE = _make(id="claude", kind="anthropic", name="Claude")
_GEMINI = _make(id="gemini", kind="gemini", name="Gemini")
_OLLAMA = _make(id="ollama", kind="ollama", name="Ollama")
_EMBEDDED = _make(id="embedded", kind="embedded", name="Embedded")


def default_providers(environ: Mapping[str, str]) -> list[ProviderSettings]:
    """What the sidebar offers when the file names no providers; the first usable one is the default."""
    return [with_environment(settings, environ) for settings in unfilled_defaults(environ)]


def unfilled_defaults(environ: Mapping[str, str]) -> list[ProviderSettings]:
    """The same as a file would name them: without anything that a variable holds."""
    local = [_OLLAMA, _EMBEDDED] if environ.get("OLLAMA_HOST") else [_EMBEDDED, _OLLAMA]
    url = environ.get(KIND_VARIABLES["openai"].base_url or "", "")
    openai = _OPENAI if not url or _is_for("api.openai.com", url) else _OPENAI_SHAPED
    sure, unsure = _by_variables(environ, keys_do_more=False), _by_variables(environ, keys_do_more=True)
    # OpenAI and Claude are offered without a key, too: most people come from there.
    gemini = [_GEMINI] if environ.get(KIND_VARIABLES["gemini"].key or "") else []
    return [openai, _CLAUDE, *gemini, *sure, *local, *unsure]


def variables_of(kind: str) -> Variables | None:
    """The variables of a kind; None for one without any."""
    vendor = VENDORS.get(kind)
    if vendor is None:
        return KIND_VARIABLES.get(kind)
    key, *others = vendor.keys or (None,)
    needs_key = vendor.type == "cloud"
    return Variables(key, vendor.address, other_keys=tuple(filter(None, others)), needs_key=needs_key)


def _by_variables(environ: Mapping[str, str], *, keys_do_more: bool) -> Iterator[ProviderSettings]:
    """The vendors whose variables are set; of two that have the same ones, the first."""
    seen: set[tuple[str, ...]] = set()
    for vendor in VENDORS.values():
        if vendor.keys not in seen and vendor.keys_do_more is keys_do_more and _is_named(vendor, environ):
            seen.add(vendor.keys)
            yield _make(id=vendor.id, kind=vendor.id, name=vendor.name)


def _is_named(vendor: Vendor, environ: Mapping[str, str]) -> bool:
    has_key = vendor.type != "cloud" or any(environ.get(name) for name in vendor.keys)
    has_address = bool(environ.get(vendor.address)) if vendor.address else vendor.type == "cloud"
    return has_key and has_address


def with_environment(settings: ProviderSettings, environ: Mapping[str, str]) -> ProviderSettings:
    """A provider with its vendor's variables, where the settings leave both address and key to them.

    Both or neither: a key from the environment never goes to an address from the file, nor the reverse.
    """
    variables = variables_of(settings.kind)
    named = (settings.base_url, settings.api_key, settings.api_key_env)
    if variables is None or any(value is not None for value in named):
        return settings
    url = environ.get(variables.base_url or "", "")
    name = variables.found_key(environ)
    key = environ.get(name or "") if _is_for(variables.key_host, url) else None
    # A server of one's own may want no key: it is asked for only at the vendor's own address.
    asked = not url and variables.key_host is None if variables.needs_key is None else variables.needs_key
    found: dict[str, object] = {"api_key_env": name if key or asked else None}
    if key:
        found["api_key"] = SecretStr(key)
    if url:
        found["base_url"] = url
    return settings.model_copy(update=found)


def is_usable(settings: ProviderSettings) -> bool:
    """Whether no key is known to be missing."""
    return settings.api_key is not None or settings.api_key_env is None


def _is_for(host: str | None, url: str) -> bool:
    """Whether an address, with or without a scheme, is on this host; None allows any."""
    address = url.strip().rpartition("://")[2].rpartition("@")[2]
    return host is None or address.partition("/")[0].partition(":")[0].lower() == host
