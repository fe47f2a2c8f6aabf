import asyncio
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from llmtui.config.schema import AppSettings, ProviderSettings
from llmtui.core.conversation import user
from llmtui.core.errors import AuthError, BadRequest, ConnectError, MissingKey
from llmtui.core.history import Conversation, RequestRecord, StoredMessage, now
from llmtui.core.models import CheckStage, CheckState, ConnectionReport
from llmtui.providers.base import BaseProvider
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services import health as module
from llmtui.services.health import Health, HealthService, HealthState
from llmtui.testing.wire_server import WireServer
from tests.services.desk import Desk


class Checked(ScriptedProvider):
    """A provider whose check says what its options say."""

    duration_s = 0.1

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Up over the network, slow, or hanging."""
        if self.settings.model == "hangs":
            await asyncio.Event().wait()
        duration_s = 2.0 if self.settings.model == "slow" else self.duration_s
        return ConnectionReport(self.id, (CheckStage("http", CheckState.OK, "", duration_s),))


class Buggy(ScriptedProvider):
    """A plugin with a bug."""

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Never comes to its end."""
        raise KeyError("models")


class Keyed(ScriptedProvider):
    """A provider that needs a key."""

    @classmethod
    def missing_key_of(cls, settings: ProviderSettings) -> str | None:
        """Always missing."""
        return "SOME_KEY"


def service(**kinds: type[BaseProvider]) -> HealthService:
    registry = Registry([ProviderSettings(id=name, kind=f"k-{name}", model=name) for name in kinds])
    for name, kind in kinds.items():
        registry.register(f"k-{name}", kind)
    return HealthService(registry)


async def test_words_for_every_state() -> None:
    health = service(up=Checked, slow=Checked, ready=ScriptedProvider, keyed=Keyed)
    assert health.of("up").state is HealthState.UNCHECKED
    assert (await health.probe("up")).state is HealthState.UP
    assert (await health.probe("slow")).state is HealthState.SLOW
    assert (await health.probe("ready")).state is HealthState.READY
    assert health.of("keyed") == Health("keyed", HealthState.NO_KEY, "set SOME_KEY", "set SOME_KEY")


async def test_a_key_that_is_not_to_be_had_is_told_and_asked_for_again(tmp_path: Path) -> None:
    source = {"file": str(tmp_path / "key")}
    settings = ProviderSettings.model_validate({"id": "a", "kind": "scripted", "api_key": source})
    health = HealthService(Registry([settings]))
    assert health.of("a").state is HealthState.UNCHECKED
    found = await health.probe("a")
    assert found.state is HealthState.NO_KEY
    assert "a: the key's file" in found.detail
    assert "put the key" in found.hint
    (tmp_path / "key").write_text("sk-late")
    assert (await health.probe("a")).state is HealthState.READY


async def test_a_key_that_takes_its_time_is_not_called_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.01)
    os.mkfifo(tmp_path / "pipe")
    source = {"command": f"cat {tmp_path / 'pipe'}"}
    settings = ProviderSettings.model_validate({"id": "a", "kind": "scripted", "api_key": source})
    found = await HealthService(Registry([settings])).probe("a")
    assert (found.state, "its key is still being fetched" in found.detail) == (HealthState.UNCHECKED, True)
    with open(tmp_path / "pipe", "w") as pipe:  # noqa: ASYNC230
        pipe.write("sk")


async def test_a_provider_that_does_not_answer_is_down_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    health = service(hangs=Checked)
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.01)
    found = await health.probe("hangs")
    assert found.state is HealthState.DOWN
    assert "no answer" in found.detail


async def test_one_hanging_provider_holds_up_no_other() -> None:
    health = service(hangs=Checked, up=Checked)
    reports: asyncio.Queue[Health] = asyncio.Queue()
    job = asyncio.create_task(health.probe_all(reports.put_nowait))
    assert (await reports.get()).provider == "up"
    job.cancel()


async def test_a_broken_plugin_is_listed_with_its_error() -> None:
    health = HealthService(Registry([ProviderSettings(id="x", kind="nonesuch")]))
    assert health.of("x").state is HealthState.DOWN
    assert "nonesuch" in (await health.probe("x")).detail


def test_real_traffic_is_news() -> None:
    health = service(up=Checked)
    assert health.note_success("up").state is HealthState.UP
    assert health.note_failure("up", AuthError("wrong key")).state is HealthState.KEY_REFUSED
    assert health.note_failure("up", ConnectError("gone")).state is HealthState.DOWN
    assert health.note_failure("up", MissingKey("up", "K")).state is HealthState.NO_KEY


def test_a_refused_request_says_nothing_of_the_providers_health() -> None:
    health = service(up=Checked)
    assert health.note_failure("up", BadRequest("temperature too high")).state is HealthState.UNCHECKED


@pytest.mark.parametrize(
    ("outcome", "answered", "state"),
    [
        ("complete", True, HealthState.UP),
        ("stopped", True, HealthState.UP),
        ("stopped", False, HealthState.UNCHECKED),
    ],
)
def test_only_a_reply_that_began_says_that_a_provider_answers(
    outcome: str, answered: bool, state: HealthState
) -> None:
    health = service(up=Checked)
    request = RequestRecord(
        "r", "up", "m", now(), outcome=outcome, first_token_at=now() if answered else None
    )
    assert health.note_reply(request, None).state is state


async def test_a_provider_that_is_ready_stays_ready_after_a_reply() -> None:
    health = service(ready=ScriptedProvider)
    await health.probe("ready")
    assert health.note_success("ready").state is HealthState.READY


async def test_a_latency_that_jitters_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    health = service(up=Checked)
    first = await health.probe("up")
    for duration_s, same in ((0.11, True), (0.14, True), (0.4, False), (0.2, True), (0.19, False)):
        monkeypatch.setattr(Checked, "duration_s", duration_s)
        before = health.of("up")
        assert (await health.probe("up") == before) is same, duration_s
    assert first.latency_s == 0.1


async def test_a_bug_in_a_plugin_is_told_and_stops_no_other_probe() -> None:
    health = service(buggy=Buggy, up=Checked)
    reports: list[Health] = []
    await health.probe_all(reports.append)
    told = {one.provider: one for one in reports}
    assert (told["buggy"].state, told["buggy"].detail) == (HealthState.DOWN, "KeyError: 'models'")
    assert told["up"].state is HealthState.UP


async def test_what_is_not_due_is_not_asked() -> None:
    health = service(up=Checked, keyed=Keyed)
    reports: list[Health] = []
    await health.probe_due(reports.append)
    await health.probe_due(reports.append)
    assert [one.provider for one in reports] == ["up"]


async def test_a_key_goes_only_where_the_person_went(desk: Desk) -> None:
    """On the wire: nothing that was given for a server reaches it before the person asks it."""
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"error": "who are you"}'], status=401)
        server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
        settings = ProviderSettings(
            id="far",
            kind="openai_compat",
            base_url=f"{server.url.replace('http://', 'http://user:sk-password@')}/v1",
            api_key=SecretStr("sk-secret"),
            headers={"X-Team": SecretStr("sk-team")},
        )
        registry = Registry([settings])
        health = HealthService(registry, desk.chat.recorder)
        await health.recall()
        found = await health.probe("far")
        assert (found.state, found.detail, found.untried) == (HealthState.UP, "key not tried", True)
        (first,) = server.requests
        assert not {"authorization", "x-api-key", "x-team"} & first.headers.keys()
        assert b"sk-" not in first.raw()

        record = RequestRecord("r", "far", "m", now(), outcome="complete", host=registry.infos()[0].host)
        assert health.note_reply(record, None) == Health("far", HealthState.UP, latency_s=found.latency_s)
        assert (await health.probe("far")).untried is False
        assert server.requests[1].headers["x-team"] == "sk-team"
        assert server.requests[1].headers["authorization"] == "Bearer sk-secret"
        await registry.aclose()


async def test_the_ledger_knows_where_the_person_went(desk: Desk) -> None:
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"data": [{"id": "m"}]}'])
        settings = ProviderSettings(
            id="far", kind="openai_compat", base_url=f"{server.url}/v1", api_key=SecretStr("sk-secret")
        )
        registry = Registry([settings])
        record = RequestRecord("r", "renamed", "m", now(), host=registry.infos()[0].host)
        await desk.store.save_conversation(Conversation("c"))
        await desk.store.add_message(StoredMessage("m", "c", None, user("hi"), request=record))
        health = HealthService(registry, desk.chat.recorder)
        await health.recall()
        await health.probe("far")
        await registry.aclose()
        assert server.requests[0].headers["authorization"] == "Bearer sk-secret"


async def test_a_test_by_the_person_tries_the_key() -> None:
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"error": "no"}'], status=401)
        settings = ProviderSettings(
            id="far", kind="openai_compat", base_url=f"{server.url}/v1", api_key=SecretStr("sk-secret")
        )
        registry = Registry([settings])
        health = HealthService(registry)
        assert (await health.probe("far")).state is HealthState.UP
        assert (await health.probe("far", tested=True)).state is HealthState.KEY_REFUSED
        assert (await health.probe("far")).state is HealthState.KEY_REFUSED
        await registry.aclose()


async def test_an_examination_tells_every_stage_and_is_news() -> None:
    health = service(up=Checked, hangs=Checked, buggy=Buggy, keyed=Keyed)
    report = await health.examine("up")
    assert [stage.name for stage in report.stages] == ["http", "context"]
    assert health.of("up").state is HealthState.UP
    told = {name: await health.examine(name) for name in ("buggy", "keyed", "nobody")}
    assert [(one.failure.name, one.failure.detail) for one in told.values() if one.failure] == [
        ("check", "KeyError: 'models'"),
        ("settings", "it has no API key"),
        ("settings", "no provider 'nobody'"),
    ]
    assert told["keyed"].hint == "set SOME_KEY"
    assert health.of("buggy").state is HealthState.DOWN


async def test_an_examination_keeps_the_key_back_like_a_probe_unless_it_shall_be_tried() -> None:
    async with WireServer() as server:
        server.reply("/v1/models", [b'{"data": []}'])
        settings = ProviderSettings(
            id="far", kind="openai_compat", base_url=f"{server.url}/v1", api_key=SecretStr("sk-secret")
        )
        registry = Registry([settings])
        assert (await HealthService(registry).examine("far", tested=False)).key_kept_back
        used = HealthService(registry, used=[registry.infos()[0].host])
        assert not (await used.examine("far", tested=False)).key_kept_back
        assert not (await HealthService(registry).examine("far")).key_kept_back
        await registry.aclose()
        sent = [request.headers.get("authorization") for request in server.requests]
    assert sent == [None, "Bearer sk-secret", "Bearer sk-secret"]


def test_one_that_is_never_asked_says_so() -> None:
    registry = Registry([ProviderSettings(id="p", kind="scripted", health="off")])
    assert HealthService(registry).of("p").state is HealthState.OFF


async def test_a_check_that_tells_nothing_is_a_bug_of_its_provider() -> None:
    class Silent(ScriptedProvider):
        async def check(self, *, with_key: bool = True) -> ConnectionReport:
            return ConnectionReport(self.id, ())

    registry = Registry([ProviderSettings(id="p", kind="silent")])
    registry.register("silent", Silent)
    known = await HealthService(registry).probe("p")
    assert (known.state, known.hint) == (HealthState.DOWN, "this is a bug in the provider")


def keyed(url: str, key: str | None = "sk-secret") -> ProviderSettings:
    return ProviderSettings(
        id="far", kind="openai_compat", base_url=f"{url}/v1", api_key=SecretStr(key) if key else None
    )


async def test_news_of_the_server_before_is_no_news() -> None:
    async with WireServer() as old, WireServer() as new:
        registry = Registry([keyed(old.url)])
        health = HealthService(registry)
        before = health.info("far")
        assert before is not None
        settings = keyed(new.url)
        await registry.configure(AppSettings(providers=[settings]), health.configure)
        record = RequestRecord("r", "far", "m", now(), outcome="failed", host=before.host)
        health.note_reply(record, ConnectError("refused"))
        assert health.of("far").state is HealthState.UNCHECKED
        await registry.aclose()


async def test_only_where_the_person_went_is_a_key_sent_unasked() -> None:
    registry = Registry([keyed("http://127.0.0.1:1")])
    health = HealthService(registry)
    assert not health.may_ask("far")
    info = health.info("far")
    assert info is not None
    health.trust(info.host)
    assert health.may_ask("far")
    assert HealthService(Registry([keyed("http://127.0.0.1:1", key=None)])).may_ask("far")
    assert not health.may_ask("nobody")
