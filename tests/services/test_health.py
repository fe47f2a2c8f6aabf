import asyncio

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import AuthError, BadRequest, MissingKey
from llmtui.core.history import RequestRecord, now
from llmtui.core.models import CheckStage, CheckState, ConnectionReport
from llmtui.providers.base import BaseProvider
from llmtui.providers.registry import Registry
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services import health as module
from llmtui.services.health import Health, HealthService, HealthState


class Checked(ScriptedProvider):
    """A provider whose check says what its options say."""

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Up over the network, slow, or hanging."""
        if self.settings.model == "hangs":
            await asyncio.Event().wait()
        duration_s = 2.0 if self.settings.model == "slow" else 0.1
        return ConnectionReport(self.id, (CheckStage("http", CheckState.OK, "", duration_s),))


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
    assert health.note_failure("up", AuthError("wrong key")).state is HealthState.DOWN
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
