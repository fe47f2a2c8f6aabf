"""What a kind says that its requests can hold, against what goes over the wire."""

from base64 import b64encode
from typing import Any

import pytest

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart, Message, Part, Role, TextPart
from llmtui.core.events import Warning
from llmtui.providers.kinds import BUILT_IN, known_kind
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import stream
from llmtui.testing.images import png
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import WireServer

PARTS: dict[str, Part] = {
    "images": ImagePart(png(), "image/png", "a.png"),
    "documents": FilePart(b"%PDF-1.7 a document", "application/pdf", "a.pdf"),
    "audio": FilePart(b"RIFF a sound", "audio/wav", "a.wav"),
    "video": FilePart(b"a film", "video/mp4", "a.mp4"),
}


async def sent(case: ProviderCase, part: Any) -> tuple[bool, list[Warning]]:
    """Whether a part's bytes reach the server, and what is said of it."""
    async with WireServer() as server:
        provider = case.provider(server)
        case.serve(server, TEXT)
        question = Message(Role.USER, (part, TextPart("What is this?")))
        outcome = await drain(stream(provider, ChatRequest((question,))))
        await provider.aclose()
        [chat] = case.chats(server)
    assert outcome.error is None
    warnings = [event for event in outcome.events if isinstance(event, Warning)]
    return b64encode(part.data).decode() in str(chat.request.json()), warnings


@pytest.mark.parametrize("name", PARTS)
async def test_what_a_kind_carries_reaches_the_server(case: ProviderCase, name: str) -> None:
    kind = known_kind(case.kind)
    assert kind is not None
    if name in kind.carries:
        assert await sent(case, PARTS[name]) == (True, [])


@pytest.mark.parametrize("name", ["images", "documents"])
async def test_what_it_does_not_carry_is_left_out_and_told(case: ProviderCase, name: str) -> None:
    kind = known_kind(case.kind)
    assert kind is not None
    if name not in kind.carries:
        arrived, warnings = await sent(case, PARTS[name])
        assert not arrived
        assert warnings


def test_a_case_that_speaks_of_tools_and_reasoning_has_a_kind_that_carries_them(case: ProviderCase) -> None:
    kind = known_kind(case.kind)
    assert kind is not None
    assert {"tools", "reasoning"} & case.traits == {"tools", "reasoning"} & set(kind.carries)


def test_every_kind_says_for_whom_it_is() -> None:
    assert all(kind.choose_when for kind in BUILT_IN.values())
