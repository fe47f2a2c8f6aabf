"""Vendors of OpenAI's shape: each is one row of data, and a person's settings go over it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from llmtui.bootstrap import build_registry
from llmtui.config.defaults import with_environment
from llmtui.config.loader import load_settings
from llmtui.config.schema import ProviderSettings
from llmtui.config.vendors import VENDORS, OptionDefaults, Vendor
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import Message, Role, ToolCallPart, ToolResultPart, user
from llmtui.core.errors import AuthError, ConfigError, ModelNotFound
from llmtui.core.models import CheckState
from llmtui.providers.kinds import Kind, known_kind, vendor_kind
from llmtui.providers.locality import host_type
from llmtui.providers.openai_compat import OpenAICompatOptions, OpenAICompatProvider
from llmtui.providers.plugins import Plugins
from llmtui.providers.registry import Registry
from llmtui.providers.vendor_adapters import vendor_adapter
from llmtui.providers.wires.reasoning_details import ReasoningDetails
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder
from llmtui.testing.encoders.vendors import OpenRouterEncoder
from llmtui.testing.scenarios import REASONING, TEXT, TOOL_CALLS
from llmtui.testing.wire_server import WireServer
from scripts.provider_tables import PAGE, with_tables

ROWS = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS.keys())
SSE = "text/event-stream"
KEY = "sk-canary-0123456789"
HELLO = ChatRequest((user("hi"),))


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


def built(vendor: str, server: WireServer, **settings: Any) -> OpenAICompatProvider:
    """A vendor's provider at a server of ours."""
    known = {"id": "p", "kind": vendor, "base_url": f"{server.url}/v1", "api_key": KEY, "model": "m"}
    return vendor_adapter(VENDORS[vendor])(ProviderSettings.model_validate(known | settings))


def without_file(environ: dict[str, str]) -> dict[str, ProviderSettings]:
    return {provider.id: provider for provider in load_settings(None, environ).settings.providers}


# One row


async def test_one_row_is_a_vendor(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment and a row are all that a chat needs."""
    row = Vendor(
        "acme",
        "Acme",
        "https://acme.example/docs",
        base_url=f"{server.url}/acme/v2",
        keys=("ACME_API_KEY",),
        model="acme-1",
        options={
            "stream_options": False,
            "max_tokens_field": "max_completion_tokens",
            "key_header": "x-acme",
        },
    )
    monkeypatch.setitem(VENDORS, "acme", row)
    server.reply("/acme/v2/chat/completions", ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
    settings = load_settings(None, {"ACME_API_KEY": KEY}).settings
    assert settings.default_provider == "acme"
    registry = build_registry(settings)
    info = next(info for info in registry.infos() if info.id == "acme")
    assert (info.name, info.kind, info.model, info.error) == ("Acme", "acme", "acme-1", "")
    reply = await registry.get("acme").chat(ChatRequest((user("hi"),), max_tokens=9))
    await registry.aclose()
    (request,) = server.requests
    assert reply.message.text
    assert request.headers["x-acme"] == KEY
    assert "authorization" not in request.headers
    assert request.json() == {
        "model": "acme-1",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "max_completion_tokens": 9,
    }
    assert "`acme`" in with_tables(PAGE.read_text("utf-8"))


@ROWS
def test_a_row_says_only_what_there_is(vendor: Vendor) -> None:
    OpenAICompatOptions.model_validate(vendor.options)
    assert vendor.options.keys() <= OptionDefaults.__annotations__.keys()
    assert known_kind(vendor.id) is vendor_kind(vendor)
    if vendor.base_url:
        assert (host_type(vendor.base_url) == "cloud") is (vendor.type == "cloud")
        place = urlsplit(vendor.base_url)
        for path in (vendor.options.get("models_path", ""), vendor.options.get("key_path") or ""):
            assert urlsplit(urljoin(f"{vendor.base_url}/", path))[:2] == place[:2]
    else:
        assert vendor.address


def test_a_row_can_say_whatever_is_an_option() -> None:
    assert OptionDefaults.__annotations__.keys() == OpenAICompatOptions.model_fields.keys()


@ROWS
def test_the_adapter_of_a_row_has_its_facts_and_its_options(vendor: Vendor) -> None:
    adapter = Plugins().load(vendor.id)
    assert issubclass(adapter, vendor_kind(vendor))
    facts = {name for name in vars(Kind) if not name.startswith("_")}
    assert facts & vars(adapter).keys() == set()
    assert adapter.options_model.model_validate({}).model_dump(include=set(vendor.options)) == {
        name: tuple(value) if isinstance(value, tuple) else value for name, value in vendor.options.items()
    }


def test_the_table_in_the_docs_is_up_to_date() -> None:
    page = PAGE.read_text("utf-8")
    assert with_tables(page) == page, "run scripts/provider_tables.py"


# Settings


def test_a_persons_options_go_over_the_row() -> None:
    settings = ProviderSettings(id="p", kind="mistral", options={"stream_options": True})
    provider = vendor_adapter(VENDORS["mistral"])(settings)
    assert (provider.options.stream_options, provider.options.short_tool_ids) == (True, True)


def test_the_drawer_shows_what_the_row_says() -> None:
    registry = Registry([ProviderSettings(id="p", kind="mistral")])
    fields = {field.key: field for field in registry.fields(ProviderSettings(id="p", kind="mistral"))}
    assert fields["options.stream_options"].default == "false"
    assert "usage in the stream" in fields["options.stream_options"].description
    assert fields["options.max_tokens_field"].default == "max_tokens"


def test_an_unknown_kind_lists_vendors_too() -> None:
    with pytest.raises(ConfigError, match=r"groq.*mistral"):
        Plugins().load("grok")


@pytest.mark.parametrize(
    ("environ", "expected", "default"),
    [
        ({}, [], "embedded"),
        ({"GROQ_API_KEY": KEY}, ["groq"], "groq"),
        ({"GROQ_API_KEY": ""}, [], "embedded"),
        ({"CO_API_KEY": KEY, "XAI_API_KEY": KEY}, ["cohere", "xai"], "cohere"),
        ({"OPENAI_API_KEY": KEY, "GROQ_API_KEY": KEY}, ["groq"], "openai"),
        # A token that people have for downloads.
        ({"HF_TOKEN": KEY}, ["huggingface"], "embedded"),
        ({"AZURE_OPENAI_API_KEY": KEY}, [], "embedded"),
        ({"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com"}, [], "embedded"),
        ({"AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_ENDPOINT": "https://r.example"}, ["azure"], "azure"),
        ({"LITELLM_PROXY_API_BASE": "http://gateway:4000"}, ["litellm"], "litellm"),
        # Who serves models with a key may not want to chat with them.
        ({"VLLM_API_KEY": KEY, "LITELLM_API_KEY": KEY}, [], "embedded"),
    ],
)
def test_the_environment_offers_vendors(environ: dict[str, str], expected: list[str], default: str) -> None:
    settings = load_settings(None, environ).settings
    others = ("openai", "claude", "embedded", "ollama")
    assert [one.id for one in settings.providers if one.id not in others] == expected
    assert settings.default_provider == default


def test_a_key_of_the_environment_goes_to_no_address_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "providers: [{id: a, kind: groq, base_url: 'https://evil.example/v1'}, {id: b, kind: groq},"
        " {id: c, kind: Azure, api_key: own}, {id: d, kind: vllm}]\n"
    )
    environ = {"GROQ_API_KEY": KEY, "AZURE_OPENAI_ENDPOINT": "https://r.example", "VLLM_API_KEY": "v"}
    found = {one.id: one for one in load_settings(path, environ).settings.providers}
    assert [found[name].key for name in "abcd"] == [None, KEY, "own", "v"]
    assert [found[name].base_url for name in "bcd"] == [None, None, None]


@ROWS
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"base_url": "https://elsewhere.example/v1"}, (None, "https://elsewhere.example/v1")),
        ({"api_key": "own"}, ("own", None)),
        ({"api_key_env": "OTHER"}, (None, None)),
        ({}, (KEY, "https://address.example")),
    ],
)
def test_key_and_address_of_the_environment_come_together_or_not_at_all(
    vendor: Vendor, own: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    environ = dict.fromkeys(vendor.keys, KEY)
    key, address = expected
    if vendor.address:
        environ[vendor.address] = "https://address.example"
    elif not own:
        address = None
    settings = with_environment(
        ProviderSettings.model_validate({"id": "p", "kind": vendor.id} | own), environ
    )
    assert (settings.key, settings.base_url) == (key, address)


@pytest.mark.parametrize(
    ("kind", "settings", "missing", "place"),
    [
        ("groq", {}, "GROQ_API_KEY", "cloud"),
        ("cohere", {}, "COHERE_API_KEY", "cloud"),
        ("groq", {"api_key": KEY}, None, "cloud"),
        # A server of one's own on this machine, which may pass on what it gets.
        ("groq", {"base_url": "http://127.0.0.1:9000/v1"}, None, "hybrid"),
        ("vllm", {}, None, "local"),
        ("vllm", {"base_url": "https://gpu.example.com/v1"}, None, "cloud"),
        ("litellm", {}, None, "hybrid"),
        ("litellm", {"base_url": "https://gateway.example.com"}, None, "cloud"),
        ("azure", {}, "AZURE_OPENAI_API_KEY", "cloud"),
    ],
)
def test_what_is_known_without_the_adapter(
    kind: str, settings: dict[str, Any], missing: str | None, place: str
) -> None:
    (info,) = Registry([ProviderSettings(id="p", kind=kind, **settings)]).infos()
    assert (info.missing_key, info.type) == (missing, place)


def test_a_local_server_without_its_key_is_usable(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("providers: [{id: a, kind: groq}, {id: b, kind: lmstudio}]\n")
    assert load_settings(path, {}).settings.default_provider == "b"


# Addresses


@pytest.mark.parametrize(
    "written",
    ["https://r.openai.azure.com", "https://r.openai.azure.com/", "https://r.openai.azure.com/openai/v1/"],
)
def test_azures_address_may_be_written_as_its_portal_has_it(written: str) -> None:
    (info,) = Registry([ProviderSettings(id="p", kind="azure", base_url=written)]).infos()
    assert info.base_url == "https://r.openai.azure.com/openai/v1"


def test_azure_without_an_address_is_named() -> None:
    adapter = vendor_adapter(VENDORS["azure"])
    (issue,) = adapter.validate_config({"id": "p", "kind": "azure"})
    assert (issue.key, "your own" in issue.message) == ("base_url", True)
    assert adapter.validate_config({"id": "p", "kind": "azure", "base_url": "https://r.example"}) == []
    assert adapter.validate_config({"id": "p", "kind": "azure", "base_url": "r.example"}) != []
    registry = Registry([ProviderSettings(id="work", kind="azure", api_key=SecretStr(KEY))])
    with pytest.raises(ConfigError, match="provider 'work': base_url"):
        registry.get("work")


async def test_azures_deployment_stands_in_the_address(server: WireServer) -> None:
    chat = "/openai/deployments/my%20gpt%2F5/chat/completions"
    server.reply(chat, ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
    server.reply("/openai/models", [b'{"data": [{"id": "gpt-5"}]}'])
    dated = {"query": {"api-version": "2025-01-01"}}
    provider = built("azure_deployments", server, base_url=server.url, model="my gpt/5")
    other = built("azure_deployments", server, base_url=server.url, model="my gpt/5", options=dated)
    await provider.chat(HELLO)
    await other.chat(HELLO)
    await provider.list_models()
    await provider.aclose()
    await other.aclose()
    assert [request.target for request in server.requests] == [
        f"{chat}?api-version=2024-10-21",
        f"{chat}?api-version=2025-01-01",
        "/openai/models?api-version=2024-10-21",
    ]
    assert {request.headers.get("api-key") for request in server.requests} == {KEY}
    assert not any("authorization" in request.headers for request in server.requests)


async def test_coheres_models_are_those_of_its_own_api(server: WireServer) -> None:
    entries = [{"name": "command-a-03-2025", "endpoints": ["chat"], "context_length": 288000}]
    server.reply("/v1/models", [json.dumps({"models": entries}).encode()])
    provider = built("cohere", server, base_url=f"{server.url}/compatibility/v1")
    (model,) = await provider.list_models()
    await provider.aclose()
    assert server.requests[0].target == "/v1/models?endpoint=chat&page_size=1000"
    assert (model.id, model.capabilities.context_window.tokens) == ("command-a-03-2025", 288000)


# Checks


async def test_a_list_that_needs_no_key_proves_none(server: WireServer) -> None:
    server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
    provider = built("huggingface", server)
    report = await provider.check()
    await provider.aclose()
    assert report.ok
    assert report.key_kept_back
    assert not any(KEY.encode() in request.raw() for request in server.requests)


@pytest.mark.parametrize("status", [200, 401])
async def test_openrouters_key_is_tried_where_one_is_needed(server: WireServer, status: int) -> None:
    server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
    server.reply("/v1/key", [b'{"error": {"message": "no", "code": 401}}'], status=status)
    provider = built("openrouter", server)
    report = await provider.check()
    unasked = await provider.check(with_key=False)
    await provider.aclose()
    auth = next(stage for stage in report.stages if stage.name == "auth")
    assert auth.state is (CheckState.OK if status == 200 else CheckState.FAILED)
    assert isinstance(report.error, AuthError) is (status == 401)
    assert (unasked.ok, unasked.key_kept_back) == (True, True)
    assert server.requests[-1].path == "/v1/models"
    assert "authorization" not in server.requests[-1].headers


# Conversations


async def answered(provider: OpenAICompatProvider, before: Message) -> None:
    results = tuple(ToolResultPart(call.id, call.name, "done") for call in before.tool_calls)
    await provider.chat(ChatRequest((user("hi"), before, Message(Role.TOOL, results))))


async def test_openrouters_details_go_back_as_they_came(server: WireServer) -> None:
    sealed = {"type": "reasoning.encrypted", "data": "abc", "id": "r1", "index": 1, "format": "x"}
    calls = OpenRouterEncoder().encode((*REASONING[:4], *TOOL_CALLS[1:]))
    sealing = b'data: {"choices": [{"delta": {"reasoning_details": [%s]}}]}\n\n' % json.dumps(sealed).encode()
    calls.insert(-2, sealing)
    server.reply("/v1/chat/completions", calls, content_type=SSE)
    server.reply("/v1/chat/completions", OpenRouterEncoder().encode(TEXT), content_type=SSE)
    provider, stranger = built("openrouter", server), built("openrouter", server, model="other")
    first = (await provider.chat(HELLO)).message
    await answered(provider, first)
    await answered(stranger, first)
    await provider.aclose()
    await stranger.aclose()
    own, foreign = (request.json()["messages"][1] for request in server.requests[1:])
    thought = {"type": "reasoning.text", "text": "Let me think \U0001f914.", "format": "unknown", "index": 0}
    assert own["reasoning_details"] == [thought, sealed]
    assert "reasoning" not in own
    assert not {"reasoning", "reasoning_details"} & foreign.keys()


@given(st.lists(st.tuples(st.integers(0, 2), st.text(min_size=1, max_size=4)), max_size=12))
def test_details_in_pieces_are_the_same_details(pieces: list[tuple[int, str]]) -> None:
    """Each block's text is what came for it in a row, however it was cut."""
    whole, cut = ReasoningDetails(), ReasoningDetails()
    for index, text in pieces:
        whole.add([{"type": "reasoning.text", "index": index, "text": text}])
        for letter in text:
            cut.add([{"type": "reasoning.text", "index": index, "text": letter, "signature": None}])
    assert cut.whole == [{**block, "signature": None} for block in whole.whole]
    assert "".join(block["text"] for block in whole.whole) == "".join(text for _, text in pieces)


def test_sealed_details_are_never_joined() -> None:
    details = ReasoningDetails()
    sealed = [{"type": "reasoning.encrypted", "data": data} for data in "ab"]
    details.add([*sealed, {"type": "reasoning.text", "text": "c"}, 7])
    details.add(None)
    assert details.whole == [*sealed, {"type": "reasoning.text", "text": "c"}]


async def test_deepseek_gets_its_reasoning_back_and_an_empty_one_for_anothers(server: WireServer) -> None:
    calls = ChatCompletionsEncoder().encode((*REASONING[:4], *TOOL_CALLS[1:]))
    server.reply("/v1/chat/completions", calls, content_type=SSE)
    server.reply("/v1/chat/completions", ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
    provider = built("deepseek", server)
    first = (await provider.chat(HELLO)).message
    await answered(provider, first)
    await answered(provider, Message(Role.ASSISTANT, (ToolCallPart("c", "clock", "{}"),)))
    await provider.aclose()
    own, foreign = (request.json()["messages"][1] for request in server.requests[1:])
    assert own["reasoning_content"] == "Let me think \U0001f914."
    assert foreign["reasoning_content"] == ""


async def test_an_effort_becomes_the_nearest_that_the_vendor_takes(server: WireServer) -> None:
    server.reply("/v1/chat/completions", ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
    provider = built("cohere", server, reasoning_effort="medium")
    reply = await provider.chat(HELLO)
    await provider.aclose()
    assert server.requests[0].json()["reasoning_effort"] == "high"
    assert "'high' is used" in reply.warnings[0].message


async def test_azure_is_asked_for_no_model_that_nobody_named(server: WireServer) -> None:
    provider = built("azure", server, model=None)
    with pytest.raises(ModelNotFound, match="no model is named") as caught:
        await provider.chat(HELLO)
    await provider.aclose()
    assert "deployment" in caught.value.hint
    assert not server.requests


async def test_the_first_model_of_a_local_server_is_asked(server: WireServer) -> None:
    server.reply("/v1/models", [b'{"data": [{"id": "loaded"}, {"id": "other"}]}'])
    server.reply("/v1/chat/completions", ChatCompletionsEncoder().encode(TEXT), content_type=SSE)
    provider = built("vllm", server, model=None)
    await provider.chat(HELLO)
    await provider.aclose()
    assert server.requests[-1].json()["model"] == "loaded"
