"""A provider under test: how to build it, and how its server speaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args

from llmtui.core.ports import Provider
from llmtui.testing.chunking import Chunking, per_event
from llmtui.testing.encoders.base import WireEncoder
from llmtui.testing.exchange import Exchange
from llmtui.testing.scenarios import Scenario
from llmtui.testing.wire_server import WireServer, Write

Trait: TypeAlias = Literal[
    "tools", "reasoning", "images", "system prompt", "temperature", "token limit", "usage", "names its model"
]
"""What a provider or its wire may lack; all else, each owes."""
TRAITS: frozenset[Trait] = frozenset(get_args(Trait))


@dataclass(frozen=True)
class ProviderCase:
    """One kind of provider, as the contract's tests need it."""

    kind: str
    build: Callable[[Mapping[str, Any]], Provider]
    """From settings, as a config file would hold them, to the provider."""
    encoder: WireEncoder
    chat_path: str
    """A `*` stands for the model, where the wire has it in the path."""
    other_replies: Mapping[str, bytes] = field(default_factory=dict)
    """JSON that the server answers on other paths which a chat may ask."""
    traits: frozenset[Trait] = TRAITS
    dialects: Mapping[str, WireEncoder] = field(default_factory=dict)
    """Other ways, by a name each, in which servers of this wire say the same."""

    def provider(self, server: WireServer, **settings: Any) -> Provider:
        """A provider whose server is this one."""
        for path, body in self.other_replies.items():
            server.reply(path, [body])
        return self.at(server.url, **settings)

    def at(self, url: str, **settings: Any) -> Provider:
        """A provider whose server is at an address."""
        return self.build(
            {"id": "under-test", "kind": self.kind, "base_url": url, "model": "test-model", **settings}
        )

    def serve(self, server: WireServer, scenario: Scenario, chunking: Chunking = per_event) -> None:
        """Answer the next chat with a scenario, cut into pieces."""
        self.serve_raw(server, chunking(self.encoder.encode(scenario), self.encoder.blank))

    def serve_raw(self, server: WireServer, writes: Sequence[Write], **reply: Any) -> None:
        """Answer the next chat with these writes."""
        server.reply(self.chat_path, writes, **{"content_type": self.encoder.content_type, **reply})

    def chats(self, server: WireServer) -> list[Exchange]:
        """The chats that the server was asked, without whatever else a provider looks up."""
        return [exchange for exchange in server.exchanges if self.is_chat(exchange.request.path)]

    def is_chat(self, path: str) -> bool:
        """Whether a request of this path is a chat."""
        return fnmatchcase(path, self.chat_path)
