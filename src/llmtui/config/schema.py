"""The settings as typed values."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from llmtui.config.credentials import forms_of, header_secrets, split_credentials
from llmtui.core.guard import Clocks
from llmtui.core.models import AgentInfo, Capabilities, Effort, Fact, HealthMode, Limit, ModelInfo, Price
from llmtui.core.terminal import DriverName

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
KIND_ALIASES = {"claude": "anthropic", "chatgpt": "openai", "openai-compat": "openai_compat"}


def canonical_kind(kind: str) -> str:
    """The one name of a kind, however it was written."""
    return KIND_ALIASES.get(kind.lower(), kind.lower())


def canonical_package(name: str) -> str:
    """The one name of a package: https://packaging.python.org/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()


Kind = Annotated[str, BeforeValidator(lambda kind: canonical_kind(kind) if isinstance(kind, str) else kind)]


def _named_keys(keys: str) -> str:
    if not all(key.strip() for key in keys.split(",")):
        raise ValueError("should name keys with commas between them, as in 'ctrl+o,f2'")
    return keys


Keys = Annotated[str, AfterValidator(_named_keys)]


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _from_the_root(path: Path) -> Path:
    if not path.expanduser().is_absolute():
        raise ValueError("should be a whole path that begins with / or ~")
    return path


OwnPath = Annotated[Path, AfterValidator(_from_the_root)]
"""A path that means the same file wherever llmtui is started."""


class Settings(BaseModel):
    """Base of all settings: unknown keys are errors, values do not change."""

    # A validator is built when something is validated, in a dozen milliseconds; without a file none is.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class TimeoutSettings(Settings):
    """Seconds; null never runs out. What is left out follows the provider's type."""

    connect: float | None = Field(default=5.0, gt=0)
    first_event: float | None = Field(default=60.0, gt=0)
    idle: float | None = Field(default=120.0, gt=0)
    total: float | None = Field(default=None, gt=0)

    def clocks(self, *, local: bool) -> Clocks:
        """The clocks; a local server may take as long as it needs to load its model."""
        first = self.first_event
        if local and "first_event" not in self.model_fields_set:
            first = None
        return Clocks(self.connect, first, self.idle, self.total)


class KeySource(Settings):
    """Where a key is kept outside of the config file: one of these."""

    command: Words | None = Field(default=None, repr=False)
    """A shell command that prints the key; what it says may be a secret too."""
    keyring: Words | None = None
    """The name under which the system's keyring has it."""
    file: OwnPath | None = None
    """A file that holds nothing else."""

    @model_validator(mode="after")
    def _names_one_place(self) -> "KeySource":
        if sum(place is not None for place in (self.command, self.keyring, self.file)) != 1:
            raise ValueError("should name one of command, keyring, file")
        return self


KEY_TAGS = ("key", "source")
"""What pydantic puts behind `api_key` into the path of a mistake."""
Key = Annotated[
    Annotated[SecretStr, Tag("key")] | Annotated[KeySource, Tag("source")],
    Discriminator(lambda value: "source" if isinstance(value, dict | KeySource) else "key"),
]


NO_PROXY = "none"
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def _is_proxy(address: str) -> str:
    try:
        place = urlsplit(address)
        right = place.scheme in PROXY_SCHEMES and bool(place.hostname) and place.port != 0
    except ValueError:
        right = False
    if address != NO_PROXY and not right:
        raise ValueError(f"should be an address such as http://proxy.example.com:3128, or `{NO_PROXY}`")
    return address


class NetworkSettings(Settings):
    """The way to servers that are not on this machine; what is left out is the environment's."""

    proxy: Annotated[str, AfterValidator(_is_proxy)] | None = Field(default=None, repr=False)
    """An address that may hold a user and password; `none` uses no proxy at all."""
    ca_file: Annotated[Path, AfterValidator(Path.expanduser)] | None = None
    """Certificates in PEM that are trusted beside the system's."""

    def over(self, base: "NetworkSettings") -> "NetworkSettings":
        """What is named here, and of `base` what is not."""
        return base.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def secrets(self) -> list[str]:
        """What must never be shown or logged."""
        return forms_of(split_credentials(self.proxy or "")[1])


# YAML reads a bare `off` as false.
_Word = BeforeValidator(lambda value: "off" if value is False else value)
Health = Annotated[HealthMode, _Word]
Notification = Annotated[Literal["bell", "osc9", "off"], _Word]
ReasoningEffort = Annotated[Effort, _Word]


Dollars = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class PriceSettings(Settings):
    """US dollars per million tokens."""

    input: Dollars
    output: Dollars
    cache_read: Dollars | None = None
    cache_write: Dollars | None = None


class ModelSettings(Settings):
    """What is so of one model, whatever servers and catalogues say."""

    context_window: int | None = Field(default=None, gt=0)
    """Tokens."""
    max_output: int | None = Field(default=None, gt=0)
    """Tokens."""
    tools: bool | None = None
    image: bool | None = None
    audio: bool | None = None
    video: bool | None = None
    documents: bool | None = None
    reasoning: bool | None = None
    structured_output: bool | None = None
    price: PriceSettings | None = None

    def info(self, model: str) -> ModelInfo:
        """The model as far as it is described here."""
        said = self.model_dump(exclude_none=True)
        price = Price(**said.pop("price"), source="override") if self.price else Price()
        facts: dict[str, Any] = {
            name: Fact(value, "override") if isinstance(value, bool) else Limit(value, "override")
            for name, value in said.items()
        }
        return ModelInfo(model, capabilities=Capabilities(**facts), price=price)


class ProviderSettings(Settings):
    """One provider. Several of one kind are normal."""

    id: Id
    kind: Kind
    name: str = ""
    """What the sidebar shows; the id when empty."""
    base_url: str | None = Field(default=None, repr=False)
    """May hold a user and password."""
    api_key: Key | None = None
    api_key_env: str | None = None
    """The variable that a missing key is asked for by; not a secret."""
    model: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, gt=0)
    system_prompt: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeouts: TimeoutSettings = Field(default_factory=TimeoutSettings.model_construct)
    network: NetworkSettings | None = None
    """What is left out is the app's."""
    health: Health | None = None
    """None is the app's."""
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    """What is so of single models, by their ids."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What only this kind knows; checked by the kind."""

    @property
    def key(self) -> str | None:
        """The key in plain text; None where there is none, or where it was not fetched from its place yet."""
        return self.api_key.get_secret_value() if isinstance(self.api_key, SecretStr) else None

    @property
    def title(self) -> str:
        """The name to show."""
        return self.name or self.id

    @property
    def key_source(self) -> KeySource | None:
        """Where the key is to be fetched; None where it is here, or nowhere."""
        return self.api_key if isinstance(self.api_key, KeySource) else None

    @property
    def user(self) -> str:
        """The `user:password` of the address, empty where it has none."""
        return split_credentials(self.base_url or "")[1]

    def own_headers(self) -> dict[str, str]:
        """The headers in plain text, with lower-case names."""
        return {name.lower(): value.get_secret_value() for name, value in self.headers.items()}

    def credentials(self) -> list[str]:
        """What the person gave for this server alone: key, headers, user and password."""
        key = (self.key or "").strip()
        headers = [part for value in self.own_headers().values() for part in header_secrets(value)]
        return [secret for secret in (key, *headers, *forms_of(self.user)) if secret]

    def secrets(self) -> list[str]:
        """Everything here that must never be shown or logged."""
        return [*self.credentials(), *(self.network.secrets() if self.network else ())]


class AgentSettings(Settings):
    """A named way to ask."""

    name: Id
    provider: str | None = None
    model: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, gt=0)
    system_prompt: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    tools: list[str] = Field(default_factory=list)

    def info(self) -> AgentInfo:
        """The agent as the services know it."""
        return AgentInfo(**self.model_dump(exclude={"tools"}))

    @field_validator("tools")
    @classmethod
    def _no_tools_yet(cls, tools: list[str]) -> list[str]:
        if tools:
            raise ValueError("tools are not supported by this version")
        return tools


class TerminalSettings(Settings):
    """What is written to the terminal; null follows whether it is reached over SSH."""

    driver: DriverName = "thrifty"
    frames_per_second: float | None = Field(default=None, ge=1, le=60)
    jump_lines: int | None = Field(default=None, ge=1, le=50)


class PluginSettings(Settings):
    """Which kinds of provider are not to be loaded."""

    disabled: list[Id] = Field(default_factory=list)
    """Kinds, or packages with all that they bring; nothing of them is imported."""


class AppSettings(Settings):
    """The whole config file."""

    default_provider: str | None = None
    """The id that new chats ask; without one, the first provider that has its key."""
    providers: list[ProviderSettings] = Field(default_factory=list)
    groups: list[dict[str, Any]] = Field(default_factory=list)
    agents: list[AgentSettings] = Field(default_factory=list)
    plugins: PluginSettings = Field(default_factory=PluginSettings.model_construct)
    theme: Id | None = None
    keys: dict[str, Keys] = Field(default_factory=dict)
    """Action id -> keys, with commas between them."""
    terminal: TerminalSettings = Field(default_factory=TerminalSettings.model_construct)
    network: NetworkSettings = Field(default_factory=NetworkSettings.model_construct)
    health: Health = "live"
    notify: Notification = "bell"
    """How a reply that ended while the terminal was out of focus is told."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def secrets(self) -> list[str]:
        """Everything here that must never be shown or logged."""
        return [*self.network.secrets(), *(secret for one in self.providers for secret in one.secrets())]

    @field_validator("providers")
    @classmethod
    def _ids_differ(cls, providers: list[ProviderSettings]) -> list[ProviderSettings]:
        _refuse_repeats("id", [provider.id for provider in providers])
        return providers

    @field_validator("agents")
    @classmethod
    def _names_differ(cls, agents: list[AgentSettings]) -> list[AgentSettings]:
        _refuse_repeats("name", [agent.name for agent in agents])
        return agents

    @field_validator("groups")
    @classmethod
    def _no_groups_yet(cls, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if groups:
            raise ValueError("groups are not supported by this version")
        return groups


def _refuse_repeats(key: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            values = {"key": key, "name": name}
            raise PydanticCustomError("used_twice", "the {key} '{name}' is used twice", values)
        seen.add(name.lower())
