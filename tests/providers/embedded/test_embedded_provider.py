import asyncio
import importlib.util
import json
import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from llmtui.config.paths import Paths
from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ImagePart, Message, Role, TextPart, user
from llmtui.core.errors import ModelNotFound, ProviderError, Unsupported
from llmtui.core.events import Finish, Start, Status, StreamEvent, TextDelta, Warning
from llmtui.core.models import CheckState, Limit
from llmtui.core.ports import Provider
from llmtui.providers.embedded.provider import SYSTEM_PROMPT, EmbeddedProvider, default_threads
from llmtui.providers.embedded.supervisor import ModelCrashed
from llmtui.providers.registry import Registry
from llmtui.routing.retry import RetryingProvider
from llmtui.testing.images import png
from tests.providers.embedded.conftest import Build
from tests.providers.embedded.processes import children_of

HELLO = ChatRequest((user("hello"),))
ModelFile = Callable[[str], Path]


@pytest.fixture
def provider(stand_in: Path, model_file: ModelFile, build: Build) -> EmbeddedProvider:
    return build({"model_path": str(model_file("good"))})


async def sent(provider: EmbeddedProvider, request: ChatRequest | None = None) -> dict[str, object]:
    """The body that the child received."""
    response = await provider.chat(request or ChatRequest((user("your request"),)))
    body = json.loads(response.message.text)
    assert isinstance(body, dict)
    return body


async def test_what_no_model_here_can_do_is_left_out_and_said(
    stand_in: Path, model_file: ModelFile, build: Build
) -> None:
    provider = build({"model_path": str(model_file("good"))}, reasoning_effort="high")
    seen = Message(Role.USER, (ImagePart(png(), "image/png", "dot.png"), TextPart("your request")))
    events = [event async for event in provider.stream_chat(ChatRequest((seen,)))]
    warnings = [event.message for event in events if isinstance(event, Warning)]
    assert [word for word in ("dot.png", "'high'") if word in " ".join(warnings)] == ["dot.png", "'high'"]
    body = json.loads("".join(event.text for event in events if isinstance(event, TextDelta)))
    assert "reasoning_effort" not in body
    assert body["messages"][-1] == {"role": "user", "content": "your request"}


async def until_error(provider: Provider, text: str) -> tuple[list[StreamEvent], ProviderError]:
    """What came before a reply failed, and how it failed."""
    events: list[StreamEvent] = []
    try:
        async for event in provider.stream_chat(ChatRequest((user(text),))):
            events.append(event)
    except ProviderError as error:
        return events, error
    pytest.fail("the reply did not fail")


async def test_the_first_request_loads_the_model_and_says_so(provider: EmbeddedProvider) -> None:
    events = [event async for event in provider.stream_chat(HELLO)]
    assert events[0] == Status("loading", "good")
    assert [type(event) for event in events[1:]] == [Start, TextDelta, Finish]
    assert provider.running
    again = [event async for event in provider.stream_chat(HELLO)]
    assert not any(isinstance(event, Status) for event in again)


async def test_first_requests_at_the_same_time_share_one_child(provider: EmbeddedProvider) -> None:
    replies = await asyncio.gather(*(provider.chat(ChatRequest((user("your process"),))) for _ in range(3)))
    assert {reply.message.text for reply in replies} == set(map(str, children_of(os.getpid())))


async def test_requests_carry_what_suits_a_small_model(provider: EmbeddedProvider) -> None:
    body = await sent(provider)
    assert body["messages"][0] == {"role": "system", "content": SYSTEM_PROMPT}  # type: ignore[index]
    assert body["temperature"] == 0
    assert body["repeat_penalty"] == 1.1


async def test_settings_and_requests_go_over_the_defaults(
    stand_in: Path, model_file: ModelFile, build: Build
) -> None:
    options = {"model_path": str(model_file("good")), "repeat_penalty": 1}
    provider = build(options, temperature=0.5, system_prompt="Be brief.")
    body = await sent(provider)
    assert (body["temperature"], body["repeat_penalty"]) == (0.5, 1)
    assert body["messages"][0]["content"] == "Be brief."  # type: ignore[index]
    body = await sent(provider, ChatRequest((user("your request"),), system="", options={"top_k": 5}))
    assert [message["role"] for message in body["messages"]] == ["user"]  # type: ignore[attr-defined]
    assert body["top_k"] == 5


async def test_no_proxy_of_the_environment_sees_a_request(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert (await provider.chat(HELLO)).message.text == "hello"


async def test_a_crash_in_mid_stream_is_told_and_the_next_request_works(provider: EmbeddedProvider) -> None:
    events, error = await until_error(provider, "die")
    assert TextDelta("last words") in events
    assert isinstance(error, ModelCrashed)
    assert "signal 9" in str(error)
    assert "embedded.log" in error.hint
    assert (await provider.chat(HELLO)).message.text == "hello"


async def test_a_crash_before_the_first_word_is_retried_once(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: float) -> None:
        """Do not wait."""

    retrying = RetryingProvider(provider, provider.clocks, sleep=at_once)
    events, error = await until_error(retrying, "die silently")
    assert isinstance(error, ModelCrashed)
    assert [getattr(event, "kind", event) for event in events] == ["loading", "retrying", "loading"]


async def test_a_child_that_died_between_requests_is_started_anew(provider: EmbeddedProvider) -> None:
    first = int((await provider.chat(ChatRequest((user("your process"),)))).message.text)
    os.kill(first, signal.SIGKILL)
    assert await provider._supervisor.crash() is not None
    events = [event async for event in provider.stream_chat(HELLO)]
    assert events[0] == Status("loading", "good")


async def test_closing_ends_the_child_and_a_later_request_starts_another(provider: EmbeddedProvider) -> None:
    await provider.chat(HELLO)
    await provider.aclose()
    assert children_of(os.getpid()) == []
    assert not provider.running
    assert (await provider.chat(HELLO)).message.text == "hello"


async def test_a_stopped_reply_leaves_the_child_running(provider: EmbeddedProvider) -> None:
    async with aclosing(provider.stream_chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert provider.running
    assert (await provider.chat(HELLO)).message.text == "hello"


async def test_another_model_than_the_served_one_is_refused(provider: EmbeddedProvider) -> None:
    with pytest.raises(ModelNotFound, match="serves only good, not other"):
        await provider.chat(ChatRequest((user("hello"),), model="other"))
    assert not provider.running


async def test_check_and_models_never_start_the_child(provider: EmbeddedProvider) -> None:
    report = await provider.check()
    assert [(stage.name, stage.state) for stage in report.stages] == [
        ("package", CheckState.OK),
        ("model file", CheckState.OK),
    ]
    assert [model.id for model in await provider.list_models()] == ["good"]
    assert not provider.running
    assert children_of(os.getpid()) == []


async def test_missing_weights_are_told_with_the_command_that_fetches_them(
    stand_in: Path, build: Build
) -> None:
    provider = build()
    report = await provider.check()
    assert report.failure is not None
    assert report.failure.name == "model file"
    assert report.hint == "run `llmtui models pull embedded`"
    with pytest.raises(ModelNotFound) as caught:
        await provider.chat(HELLO)
    assert caught.value.hint == "run `llmtui models pull embedded`"
    with pytest.raises(ModelNotFound):
        await provider.list_models()


async def test_a_missing_package_is_told_with_the_extra_to_install(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unsupported) as caught:
        await provider.chat(HELLO)
    assert "llmtui[embedded]" in caught.value.hint
    report = await provider.check()
    assert report.failure is not None
    assert report.failure.name == "package"


async def test_a_file_that_is_no_model_is_refused_without_a_start(
    stand_in: Path, tmp_path: Path, build: Build
) -> None:
    (tmp_path / "text.gguf").write_text("not a model")
    provider = build({"model_path": str(tmp_path / "text.gguf")})
    with pytest.raises(ModelNotFound, match=r"text\.gguf is not a GGUF file"):
        await provider.chat(HELLO)


def test_the_context_is_what_the_model_was_trained_for(model_file: ModelFile, build: Build) -> None:
    path = str(model_file("good"))
    assert build({"model_path": path}).capabilities().context_window == Limit(2048, "provider")
    assert build({"model_path": path, "n_ctx": 512}).capabilities().context_window == Limit(512, "override")
    assert build().capabilities().context_window == Limit()


def test_capabilities_need_no_file(build: Build) -> None:
    capabilities = build().capabilities()
    assert capabilities.prefill.value
    assert capabilities.key_required.value is False
    assert capabilities.tools.value is False
    assert build({"model_path": "/other.gguf"}).capabilities().tools.value is None


def test_the_model_is_named_after_its_file_unless_settings_name_it(build: Build) -> None:
    assert build().model == "SmolLM2-135M-Instruct"
    assert build({"model_path": "/models/qwen.gguf"}).model == "qwen"
    assert build({"model_path": "/models/qwen.gguf"}, model="mine").model == "mine"


def test_the_screen_keeps_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(2)), raising=False)
    assert default_threads() == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert default_threads() == 1


def test_home_is_expanded(build: Build, isolated: Path) -> None:
    assert build({"model_path": "~/m.gguf"}).options.model_path == isolated / "m.gguf"


def test_settings_are_judged_offline(model_file: ModelFile) -> None:
    good = {"id": "e", "kind": "embedded", "options": {"model_path": str(model_file("good"))}}
    assert EmbeddedProvider.validate_config(good) == []
    bad = {
        "id": "e",
        "kind": "embedded",
        "base_url": "http://x",
        "options": {"model_path": "/no", "n_ctx": 1},
    }
    issues = EmbeddedProvider.validate_config(bad)
    assert {issue.key for issue in issues} == {"options.model_path", "options.n_ctx", "base_url"}


async def test_the_registry_knows_the_kind_as_local_and_keyless(paths: Paths) -> None:
    registry = Registry([ProviderSettings(id="embedded", kind="embedded")])
    [info] = registry.infos()
    assert (info.type, info.missing_key, info.error) == ("local", None, "")
    assert isinstance(registry.get("embedded"), EmbeddedProvider)
    await registry.aclose()
