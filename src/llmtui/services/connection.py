"""Testing a connection for a person: stage by stage, and with consent by one token from the model."""

import logging
import time
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import LlmtuiError, ProviderError
from llmtui.core.events import Finish, FinishReason, ReasoningDelta, Start, Status, StreamEvent, TextDelta
from llmtui.core.guard import Clocks, guard
from llmtui.core.logs import logfmt, scrubbed
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ProviderInfo, StageListener
from llmtui.core.ports import Provider

_log = logging.getLogger(__name__)
TOKEN = "token"
MOST_TOKENS = 16
"""What OpenAI's Responses API takes at least; the stream is closed at the first one.

Source: https://platform.openai.com/docs/api-reference/responses/create (max_output_tokens)
"""
LONGEST_TOKEN = 60
"""Characters."""
_QUESTION = "Say hi."
_CLOCKS = Clocks(first_event=300.0, idle=60.0, total=300.0)
"""A large model takes minutes to load; who waits can cancel."""


class Progress:
    """The stages of a check that goes on; `take` is a listener for it."""

    def __init__(self, known: Sequence[CheckStage] = ()) -> None:
        self._stages = [*known, CheckStage("begin", CheckState.RUNNING)]
        self._began_s = time.monotonic()

    def take(self, stage: CheckStage) -> None:
        """Take the next stage; it takes the last one's place where that had only begun, or is the same."""
        if any(one.state is CheckState.RUNNING or one.name == stage.name for one in self._stages[-1:]):
            self._stages.pop()
        self._stages.append(stage)
        if stage.state is CheckState.RUNNING:
            self._began_s = time.monotonic()

    @property
    def ended(self) -> list[CheckStage]:
        """The stages that have ended."""
        return [stage for stage in self._stages if stage.state is not CheckState.RUNNING]

    @property
    def stages(self) -> list[CheckStage]:
        """All stages; the one that has only begun with the time since."""
        waited_s = time.monotonic() - self._began_s
        return [
            replace(stage, duration_s=waited_s) if stage.state is CheckState.RUNNING else stage
            for stage in self._stages
        ]


class Connection(Protocol):
    """What can be tested: a provider as it is configured, or as it is being edited."""

    @property
    def token_effect(self) -> str:
        """What `ask_token` does, for the person who is asked first."""
        ...

    async def test(self, told: StageListener) -> ConnectionReport:
        """Test all that is free; never raises. `told` gets the stages as they come."""
        ...

    async def ask_token(self, told: StageListener) -> ConnectionReport:
        """Ask the model for one token, which costs; never raises."""
        ...


def token_effect(info: ProviderInfo) -> str:
    """What asking for one token does at a provider."""
    model = info.model or "the server's first model"
    local = f"loads {model} into memory where it is not yet"
    cloud = f"asks {model} for one token, at its price (at most {MOST_TOKENS})"
    return {"local": local, "cloud": cloud}.get(info.type, f"{cloud}, or {local}")


async def reported(provider_id: str, asking: Awaitable[ConnectionReport]) -> ConnectionReport:
    """A report of what went wrong before, or around, a provider's own stages."""
    try:
        return await asking
    except LlmtuiError as error:
        return ConnectionReport.failed(provider_id, "settings", str(error), error.hint, error)
    # A plugin's bug is told like anything else that is wrong.
    except Exception as error:  # noqa: BLE001
        _log.exception(logfmt("connection test failed", provider=provider_id))
        words = scrubbed(f"{type(error).__name__}: {error}")
        return ConnectionReport.failed(provider_id, "check", words, "this is a bug in the provider")


async def ask_one_token(provider: Provider, told: StageListener) -> ConnectionReport:
    """Ask the provider's model for its first token and leave; never raises a ProviderError."""
    told(CheckStage(TOKEN, CheckState.RUNNING))
    began, hint, failure = time.perf_counter(), "", None
    state = CheckState.OK
    try:
        words = await _first_token(provider, told)
    except ProviderError as error:
        state, words, hint, failure = CheckState.FAILED, str(error), error.hint, error
    stage = CheckStage(TOKEN, state, words, time.perf_counter() - began, extra=True)
    told(stage)
    return ConnectionReport(provider.id, (stage,), hint=hint, error=failure)


async def _first_token(provider: Provider, told: StageListener) -> str:
    # The provider's own system prompt would only cost more.
    request = ChatRequest((user(_QUESTION),), system="", max_tokens=MOST_TOKENS)
    model = ""
    async with aclosing(guard(provider.stream_chat(request), provider.id, _CLOCKS)) as events:
        async for event in events:
            match event:
                case Status(kind):
                    told(CheckStage(TOKEN, CheckState.RUNNING, kind))
                case Start():
                    model = event.model
            if found := _token_of(event):
                return f"{model} answers: {found}"
    return f"{model} answers"


def _beginning(text: str) -> str:
    # A server may send whatever it likes as its first token, and a line has room for so much.
    return text if len(text) <= LONGEST_TOKEN else f"{text[:LONGEST_TOKEN]}…"


def _token_of(event: StreamEvent) -> str:
    match event:
        case TextDelta(text=text) if text.strip():
            return repr(_beginning(text.strip()))
        case ReasoningDelta():
            return "it thinks first"
        case Finish(reason=FinishReason.LENGTH):
            return f"no text within {MOST_TOKENS} tokens"
        case Finish(reason=reason):
            return f"no text, and the end: {reason}"
    return ""
