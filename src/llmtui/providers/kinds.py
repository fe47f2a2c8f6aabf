"""What is known of each kind of provider without its adapter, which the first frame does not wait for."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from llmtui.config.credentials import split_credentials
from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS, Vendor
from llmtui.core.models import ProviderType, is_cloud_name
from llmtui.providers.locality import host_type
from llmtui.providers.ollama.host import OllamaHost, parse_host

Carried = Literal["images", "documents", "audio", "video", "tools", "reasoning"]


class Kind:
    """The facts of a kind; its adapter inherits them."""

    default_base_url: ClassVar[str] = ""
    default_model: ClassVar[str | None] = None
    key_variable: ClassVar[str | None] = None
    """The environment variable of this kind's key."""
    takes_address: ClassVar[bool] = True
    """Whether an address and a key mean anything to this kind."""
    carries: ClassVar[tuple[Carried, ...]] = ()
    """What a request can hold beside text; whether a model makes use of it is another matter."""
    choose_when: ClassVar[str] = ""
    """For whom this kind is, as the end of a sentence that begins with "choose it when"."""
    keeps_models: ClassVar[bool] = False
    """Whether its models can be managed: whether its adapter has a `model_admin`."""

    @classmethod
    def base_url_of(cls, settings: ProviderSettings) -> str:
        """Where requests go, without a trailing slash, user and password."""
        return split_credentials(settings.base_url or cls.default_base_url)[0].rstrip("/")

    @classmethod
    def type_of(cls, settings: ProviderSettings) -> ProviderType:
        """Where text sent to a provider with these settings goes.

        Without an address it is `cloud`: whoever stays on this machine by other means says so.
        """
        return host_type(cls.base_url_of(settings))

    @classmethod
    def model_of(cls, settings: ProviderSettings) -> str | None:
        """The model that is asked when nobody names one."""
        return settings.model or cls.default_model

    @classmethod
    def missing_key_of(cls, settings: ProviderSettings) -> str | None:
        """The variable to set when a needed key is not there."""
        if settings.api_key or cls.key_variable is None or cls.type_of(settings) == "local":
            return None
        return settings.api_key_env or cls.key_variable


class OpenAI(Kind):
    """A server that speaks the Responses API."""

    default_base_url = "https://api.openai.com/v1"
    default_model = "gpt-5.4-mini"
    key_variable = "OPENAI_API_KEY"
    carries = ("images", "documents", "tools", "reasoning")
    choose_when = "you want OpenAI's own models, with what they thought kept from one turn to the next"


class OpenAICompat(Kind):
    """A server that speaks chat_completions."""

    default_base_url = OpenAI.default_base_url
    key_variable: ClassVar[str | None] = OpenAI.key_variable
    carries = ("images", "documents", "tools", "reasoning")
    choose_when = "a server speaks chat completions and has no row of its own"


@cache
def vendor_kind(vendor: Vendor) -> type[OpenAICompat]:
    """The facts of a kind that is a row of the table of vendors."""

    class VendorKind(OpenAICompat):
        """A server that speaks chat_completions in a vendor's own way."""

        default_base_url = vendor.base_url
        default_model = vendor.model
        key_variable = next(iter(vendor.keys), None)
        choose_when = vendor.choose_when
        keeps_models = vendor.model_api is not None

        @classmethod
        def base_url_of(cls, settings: ProviderSettings) -> str:
            url = super().base_url_of(settings)
            return f"{url.removesuffix(vendor.suffix)}{vendor.suffix}" if url else ""

        @classmethod
        def type_of(cls, settings: ProviderSettings) -> ProviderType:
            url = cls.base_url_of(settings)
            place = host_type(url) if url else vendor.type
            return "hybrid" if place == "local" and vendor.type != "local" else place

        @classmethod
        def missing_key_of(cls, settings: ProviderSettings) -> str | None:
            # Who sends a cloud's requests to this machine has a server of their own there.
            needs_key = vendor.type == "cloud" and cls.type_of(settings) == "cloud"
            return super().missing_key_of(settings) if needs_key else None

    return VendorKind


class Anthropic(Kind):
    """A server that speaks the Messages API."""

    default_base_url = "https://api.anthropic.com"
    default_model = "claude-sonnet-5-5"
    key_variable = "ANTHROPIC_API_KEY"
    carries = ("images", "documents", "tools", "reasoning")
    choose_when = "you want Claude"

    @classmethod
    def base_url_of(cls, settings: ProviderSettings) -> str:
        """Where requests go; the `/v1` that other vendors want is no part of it."""
        return super().base_url_of(settings).removesuffix("/v1")


class Gemini(Kind):
    """Google's Gemini, or a server that speaks its API."""

    default_base_url = "https://generativelanguage.googleapis.com"
    default_model = "gemini-3.8-flash"
    key_variable = "GEMINI_API_KEY"
    carries = ("images", "documents", "audio", "video", "tools", "reasoning")
    choose_when = "you want Gemini, which listens and watches too"

    @classmethod
    def base_url_of(cls, settings: ProviderSettings) -> str:
        """Where requests go; the version, and the path to the OpenAI-shaped API, are no part of it."""
        return super().base_url_of(settings).removesuffix("/openai").removesuffix("/v1beta")


class Ollama(Kind):
    """An Ollama server, or ollama.com."""

    default_base_url = "http://127.0.0.1:11434"
    key_variable = "OLLAMA_API_KEY"
    carries = ("images", "tools", "reasoning")
    choose_when = "you want open models on machines of your own, and to manage them from here"
    keeps_models = True

    @classmethod
    def host_of(cls, settings: ProviderSettings) -> OllamaHost:
        """The server, however its address was written."""
        return parse_host(settings.base_url or cls.default_base_url)

    @classmethod
    def base_url_of(cls, settings: ProviderSettings) -> str:
        """Where requests go, without user and password."""
        return cls.host_of(settings).base_url

    @classmethod
    def type_of(cls, settings: ProviderSettings) -> ProviderType:
        """Where text goes: a local server passes what is meant for a cloud model on."""
        place = super().type_of(settings)
        return "hybrid" if place == "local" and is_cloud_name(settings.model) else place

    @classmethod
    def missing_key_of(cls, settings: ProviderSettings) -> str | None:
        """Only ollama.com needs a key."""
        return super().missing_key_of(settings) if cls.host_of(settings).is_cloud else None


class Embedded(Kind):
    """A GGUF model that llmtui serves itself."""

    default_model = "SmolLM2-135M-Instruct"
    """The one that `llmtui models pull embedded` fetches."""
    takes_address = False
    choose_when = "nothing else is at hand: it needs no key, no server and no network"
    keeps_models = True

    @classmethod
    def base_url_of(cls, settings: ProviderSettings) -> str:
        """Nowhere: what the child listens on is its own affair."""
        return ""

    @classmethod
    def type_of(cls, settings: ProviderSettings) -> ProviderType:
        """Always local."""
        return "local"

    @classmethod
    def model_of(cls, settings: ProviderSettings) -> str:
        """The name of the one model that these settings serve."""
        path = settings.options.get("model_path")
        return settings.model or (Path(str(path)).stem if path else cls.default_model)


class Scripted(Kind):
    """Plays replies, for tests and demonstrations."""

    default_model = "echo"
    takes_address = False
    choose_when = "you write a test or a demonstration"

    @classmethod
    def type_of(cls, settings: ProviderSettings) -> ProviderType:
        """Nowhere, unless an address pretends otherwise."""
        return super().type_of(settings) if settings.base_url else "local"


BUILT_IN: Mapping[str, type[Kind]] = {
    "openai": OpenAI,
    "openai_compat": OpenAICompat,
    "anthropic": Anthropic,
    "gemini": Gemini,
    "ollama": Ollama,
    "embedded": Embedded,
    "scripted": Scripted,
}
"""The kinds of this package; another package's is known by loading its adapter."""


def known_kind(name: str) -> type[Kind] | None:
    """The facts of a kind of this package, an adapter's own or a row's."""
    vendor = VENDORS.get(name)
    return BUILT_IN.get(name) if vendor is None else vendor_kind(vendor)
