import asyncio
import logging
from contextlib import aclosing

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import AuthError, ConnectError, ErrorContext, ProviderError
from llmtui.core.events import TextDelta, UsageUpdate
from llmtui.core.usage import Usage
from llmtui.providers.script import Action, Fault
from llmtui.providers.scripted import ScriptedProvider
from llmtui.routing.retry import RetryingProvider

HELLO = ChatRequest((user("penguins"),))


def provider_of(*replies: tuple[Action, ...]) -> RetryingProvider:
    settings = ProviderSettings(id="p", kind="scripted", options={"tokens_per_s": None})
    provider = ScriptedProvider(settings)
    for reply in replies:
        provider.play(*reply)

    async def at_once(_: float) -> None:
        """Do not wait."""

    return RetryingProvider(provider, provider.clocks, host="gpu-box", sleep=at_once)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "llmtui")
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in log.records if "llmtui" in record.name]


async def test_a_whole_reply(log: pytest.LogCaptureFixture) -> None:
    await provider_of((TextDelta("waddle"), UsageUpdate(Usage(input=7, output=3)))).chat(HELLO)
    [(level, line)] = lines(log)
    assert level == "INFO"
    assert line.startswith(
        "request provider=p model=echo host=gpu-box outcome=complete finish=stop seconds=0."
    )
    assert " first_s=0." in line
    assert line.endswith("attempts=1 input=7 output=3")


async def test_a_retry_and_then_a_failure_without_the_servers_words(log: pytest.LogCaptureFixture) -> None:
    context = ErrorContext("p", "m", status=401, code="bad_key", request_id="req_1")
    refused = AuthError("penguins are not allowed", context=context)
    with pytest.raises(AuthError):
        await provider_of((ConnectError("penguins refused"),), (refused,)).chat(HELLO)
    (_, retry), (level, line) = lines(log)
    assert retry.startswith("retrying provider=p attempt=2 delay_s=")
    assert level == "ERROR"
    assert "outcome=AuthError request_id=req_1 status=401 code=bad_key partial=False" in line
    assert "attempts=2" in line
    assert "penguins" not in retry + line


async def test_our_own_words_for_a_failure(log: pytest.LogCaptureFixture) -> None:
    error = ConnectError("connection refused at http://gpu-box/v1")
    with pytest.raises(ConnectError):
        await provider_of((error,), (error,)).chat(HELLO)
    assert 'message="connection refused at http://gpu-box/v1"' in lines(log)[-1][1]


async def test_a_cut_reply_tells_that_a_part_was_shown(log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ProviderError):
        await provider_of((TextDelta("waddle"), Fault.CUT)).chat(HELLO)
    [(_, line)] = lines(log)
    assert "outcome=IncompleteStream" in line
    assert "partial=True" in line
    assert "waddle" not in line


async def test_a_stop_by_closing_and_by_cancelling(log: pytest.LogCaptureFixture) -> None:
    async with aclosing(provider_of((TextDelta("x"), Fault.HANG)).stream_chat(HELLO)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    waiting = asyncio.create_task(provider_of((Fault.HANG,)).chat(HELLO))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [line.count("outcome=stopped") for _, line in lines(log)] == [1, 1]


async def test_closing_after_the_end_is_no_stop(log: pytest.LogCaptureFixture) -> None:
    async with aclosing(provider_of((TextDelta("x"),)).stream_chat(HELLO)) as events:
        async for _ in events:
            pass
    assert "outcome=complete" in lines(log)[0][1]


async def test_a_bug_in_a_provider_is_logged_with_its_traceback(log: pytest.LogCaptureFixture) -> None:
    class Broken(ScriptedProvider):
        def filled(self, request: ChatRequest) -> ChatRequest:
            raise ZeroDivisionError

    broken = Broken(ProviderSettings(id="p", kind="scripted", options={"tokens_per_s": None}))
    provider = RetryingProvider(broken, broken.clocks)
    with pytest.raises(ProviderError):
        await provider.chat(HELLO)
    record = log.records[-1]
    assert "outcome=ProviderError" in record.getMessage()
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
