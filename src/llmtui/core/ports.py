"""What the services need from the outside world, as protocols; `bootstrap` hands in the real things."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from llmtui.core.chat import ChatRequest, ChatResponse
from llmtui.core.conversation import Part
from llmtui.core.events import StreamEvent
from llmtui.core.history import (
    Conversation,
    JournalEntry,
    MessageState,
    RequestRecord,
    SearchHit,
    StoredMessage,
    StoreReport,
    Target,
)
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import (
    AgentInfo,
    Capabilities,
    ConfigIssue,
    ConnectionReport,
    Cost,
    ModelInfo,
    ModelList,
    ProviderInfo,
    ProviderType,
    StageListener,
)
from llmtui.core.settings import SettingField
from llmtui.core.usage import Usage

Settings = TypeVar("Settings", contravariant=True)
Announce: TypeAlias = Callable[[Sequence[ProviderInfo], Collection[str]], None]
"""Gets all providers as they will be, and the ids of those that are not what they were."""


class Provider(Protocol):
    """The contract that every provider keeps: built-in, third-party or a group of others."""

    @property
    def id(self) -> str:
        """The name under which the config knows it."""
        ...

    @property
    def name(self) -> str:
        """The name that a person reads."""
        ...

    @property
    def type(self) -> ProviderType:
        """Where text sent to it goes, computed from host and model."""
        ...

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, and yield events; closing the generator closes the socket."""
        ...

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Ask, and return the whole reply: the folded stream."""
        ...

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What a model can do, as far as is known without asking anybody."""
        ...

    def validate_config(self, config: Mapping[str, Any]) -> list[ConfigIssue]:
        """What is wrong with settings of this kind; offline, never raises."""
        ...

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens.

        Without the key nothing is sent that the person gave for this server: no key, no header, no user.
        """
        ...

    async def examine(self, told: StageListener) -> ConnectionReport:
        """Test all that is free, telling each stage as it comes; never raises a ProviderError.

        `check` with its key and more; it may take long, and whoever waits can cancel it.
        """
        ...

    def default_models(self) -> list[ModelInfo]:
        """Models worth naming without asking the server."""
        ...

    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""
        ...

    def model_admin(self) -> ModelAdmin | None:
        """What manages the models of this server; None where its kind cannot. Who asks for it closes it."""
        ...

    async def retire(self) -> None:
        """Close as soon as nothing uses it any more, which may be later."""
        ...

    async def aclose(self) -> None:
        """Close all connections and processes."""
        ...


class ProviderRegistry(Protocol):
    """Knows the configured providers; names are case-insensitive."""

    def infos(self) -> list[ProviderInfo]:
        """All configured providers, without building any."""
        ...

    def info(self, provider_id: str) -> ProviderInfo | None:
        """One configured provider, without building it; None where there is none."""
        ...

    def get(self, provider_id: str) -> Provider:
        """Build or return a provider; raises MissingKey, KeyUnavailable, UnknownProvider or ConfigError.

        May import an SDK: call it on a thread when a screen waits.
        """
        ...

    def prepare(self, provider_id: str) -> None:
        """Import what a provider's first request needs; of one that cannot be asked, nothing.

        May take seconds: call it on a thread.
        """
        ...

    def for_agent(self, agent: AgentInfo) -> Target:
        """Where an agent's requests go: its own provider, else `default_provider`, else `openai`."""
        ...

    async def aclose(self) -> None:
        """Close every provider that was built."""
        ...


class ProviderWorkshop(Protocol[Settings]):
    """Tries settings out and puts them to use; what settings are is the config's affair."""

    def fields(self, settings: Settings) -> tuple[SettingField, ...]:
        """What the settings' kind lets a person set, beyond what all kinds do."""
        ...

    def takes_address(self, settings: Settings) -> bool:
        """Whether an address and a key mean anything to the settings' kind."""
        ...

    def info_of(self, settings: Settings) -> ProviderInfo:
        """What is known of a provider with these settings, without building it."""
        ...

    def issues(self, settings: Settings) -> list[ConfigIssue]:
        """What the settings' kind finds wrong with them; offline."""
        ...

    def build(self, settings: Settings) -> Provider:
        """A provider beside the configured ones; who asks for it closes it. Raises ConfigError.

        May import an SDK and fetch a key: call it on a thread.
        """
        ...


class Reconfigurable(Protocol[Settings]):
    """A registry whose providers can be replaced while they are in use."""

    async def configure(
        self, settings: Settings, announce: Announce, *, renewed: Collection[str] | None = None
    ) -> None:
        """Use the providers of these settings; one that is gone or changed ends with its last stream.

        `announce` is called before anything is replaced. `renewed` are providers that count as changed though
        their settings do not tell; None: all whose key is kept elsewhere, for it may be another one by now.
        """
        ...


class ConversationStore(Protocol):
    """The database of conversations. Methods raise StorageError and may be awaited in any order."""

    async def open(self) -> StoreReport:
        """Open, check, migrate and mend; never raises: what went wrong stands in the report."""
        ...

    async def conversations(self, limit: int = 200) -> list[Conversation]:
        """The newest conversations."""
        ...

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """One conversation."""
        ...

    async def save_conversation(self, conversation: Conversation) -> None:
        """Insert or replace what the list shows of a conversation."""
        ...

    async def delete_conversation(self, conversation_id: str) -> None:
        """Mark it as deleted, so that `restore_conversation` can bring it back."""
        ...

    async def restore_conversation(self, conversation_id: str) -> None:
        """Undo a deletion."""
        ...

    async def branch(
        self, conversation_id: str, leaf_id: str | None = None, limit: int | None = None
    ) -> list[StoredMessage]:
        """The last `limit` messages (None: all) from the root to a leaf (None: the shown one).

        They come with siblings and requests; fewer than `limit` are all that there are.
        """
        ...

    async def newest_leaf(self, message_id: str) -> str:
        """The last message of the newest branch below a message."""
        ...

    async def add_message(self, message: StoredMessage) -> None:
        """Append a message and make it its conversation's leaf; durable when it returns."""
        ...

    async def add_messages(self, messages: Sequence[StoredMessage]) -> None:
        """Append messages of one conversation, each after the one before it, all or none."""
        ...

    async def hosts(self) -> frozenset[str]:
        """Every host that a request of the ledger went to."""
        ...

    async def begin_reply(self, message: StoredMessage, request: RequestRecord) -> None:
        """Append a streaming reply with its ledger row; the leaf moves to it."""
        ...

    async def journal(self, message_id: str, entries: Sequence[JournalEntry]) -> None:
        """Append what arrived to a streaming reply's journal."""
        ...

    async def end_reply(
        self, message_id: str, parts: Sequence[Part], state: MessageState, request: RequestRecord
    ) -> None:
        """Replace the journal by the final parts and close the ledger row."""
        ...

    async def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Full-text search over all messages, best first."""
        ...

    async def prompts(self, limit: int = 200) -> list[str]:
        """What the person sent before, newest first, without repeats."""
        ...

    async def close(self) -> None:
        """Write everything and close."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web server answered; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Fetch(Protocol):
    """A GET, the way that the settings name."""

    async def __call__(self, url: str, headers: Mapping[str, str], largest: int) -> Answer:
        """The answer, of at most so many bytes; raises LlmtuiError where there is none."""
        ...


class ModelCatalogue(Protocol):
    """What is known of models without asking their servers."""

    def lookup(self, provider: ProviderInfo, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The models with all that the person and the catalogues say of them too; offline.

        May import and read files: call it on a thread.
        """
        ...

    def cost(self, provider: ProviderInfo, model: ModelInfo, usage: Usage) -> Cost | None:
        """What so many tokens of a model that was looked up cost now; None where nobody knows."""
        ...


class ModelStore(Protocol):
    """What is remembered of models from one start to the next. Methods raise StorageError."""

    async def favourites(self) -> list[Target]:
        """The models that the person marked, in that order."""
        ...

    async def set_favourite(self, target: Target, *, marked: bool) -> None:
        """Mark a model, or take the mark away."""
        ...

    async def recent_targets(self, limit: int = 20) -> list[Target]:
        """The models that answered, each once, the newest first."""
        ...

    async def model_lists(self) -> dict[str, ModelList]:
        """What each provider's server listed last, by the provider's id; what cannot be read is left out."""
        ...

    async def save_model_list(self, provider_id: str, found: ModelList | None) -> None:
        """Keep a server's list instead of its last one; None: keep none."""
        ...
