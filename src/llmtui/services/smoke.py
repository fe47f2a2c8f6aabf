"""Confirms a provider against its live service: a few small requests, the answer of each bounded.

A stage fails when the provider broke its promise, and is skipped, with the reason, where the model or the
stages before it leave nothing to try.
"""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ToolDefinition, user
from llmtui.core.errors import (
    AuthError,
    BillingError,
    ConnectError,
    LlmtuiError,
    ModelNotFound,
    ProviderError,
    Unsupported,
)
from llmtui.core.events import DELTAS
from llmtui.core.models import CheckState, Fact, ModelInfo
from llmtui.core.ports import Provider
from llmtui.core.usage import Usage, estimate_tokens
from llmtui.services.smoke_reply import SmokeReply, ending, facts, in_order, tokens, verdict

ANSWER_TOKENS = 1024
"""Room for a model that thinks before it says a word."""
STOP_WITHIN_S = 0.1
TOOL = ToolDefinition(
    "read_thermometer",
    "Read the thermometer of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_WORD = ChatRequest((user("Which planet do people live on? Answer in one word."),))
_COUNT = ChatRequest((user("Count from one to ten in words."),))
_CALL = ChatRequest((user("How warm is it in Bern now? Use the tool."),), tools=(TOOL,))
_LONG = ChatRequest((user("Write a story of a thousand words about a lighthouse."),))
_REQUESTS = (_WORD, _COUNT, _CALL, _LONG)
_HOPELESS = (ConnectError, AuthError, BillingError, ModelNotFound)
"""What the next request would meet again."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that the stages take of what is paid for; the list of models is not."""

    requests: int
    question_tokens: int
    """Estimated; a vendor adds its own words around a tool."""
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class StageResult:
    """What came of one stage."""

    name: str
    state: CheckState
    detail: str
    duration_s: float = 0.0
    model: str = ""
    """The one that the server says it used."""
    request_id: str | None = None
    usage: Usage | None = None
    error: LlmtuiError | None = None
    notes: tuple[str, ...] = ()
    """Warnings and retries."""


def cost() -> Cost:
    """What a run takes when every stage is tried."""
    questions = sum(map(_question_tokens, _REQUESTS))
    return Cost(len(_REQUESTS), questions, len(_REQUESTS) * ANSWER_TOKENS)


class SmokeTest:
    """Asks one provider; `model` None leaves the choice to it."""

    def __init__(self, provider: Provider, model: str | None = None) -> None:
        self._provider = provider
        self._model = model
        self._listed: dict[str, ModelInfo] = {}
        self._gave_up = ""
        """The stage after which nothing is worth another request."""
        self._stages: Mapping[str, Callable[[], Awaitable[StageResult]]] = {
            "models": self._models,
            "chat": self._chat,
            "stream": self._stream,
            "tool": self._tool,
            "cancel": self._cancel,
        }

    async def run(self) -> AsyncGenerator[StageResult, None]:
        """Every stage's result, as it comes; raises no LlmtuiError."""
        for name, stage in self._stages.items():
            if self._gave_up:
                yield StageResult(name, CheckState.SKIPPED, f"not tried after {self._gave_up}")
                continue
            started = time.monotonic()
            try:
                found = await stage()
            except LlmtuiError as error:
                found = _failed(error)
                # A key may be good for chats and not for the list.
                if isinstance(error, ConnectError if name == "models" else _HOPELESS):
                    self._gave_up = name
            yield replace(found, name=name, duration_s=time.monotonic() - started)

    async def _models(self) -> StageResult:
        self._listed = {info.id: info for info in await self._provider.list_models()}
        place = "not among them" if self._model not in self._listed else "among them"
        asked = f"the model asked is {place}" if self._model else ""
        return StageResult("", CheckState.OK, facts(f"{len(self._listed)} listed", asked))

    async def _chat(self) -> StageResult:
        response = await self._provider.chat(self._bounded(_WORD))
        state, lack = verdict(response.finish, response.message.text)
        detail = facts(lack, ending(response.finish), tokens(response.usage))
        notes = tuple(warning.message for warning in response.warnings)
        return StageResult("", state, detail, model=response.model, usage=response.usage, notes=notes)

    async def _stream(self) -> StageResult:
        reply = await self._asked(_COUNT)
        state, lack = verdict(reply.finish, reply.message.text)
        first = "" if reply.first_s is None else f"first piece after {reply.first_s:.2f} s"
        order = in_order(reply.events)
        return _of(reply, state, facts(lack, first, ending(reply.finish), tokens(reply.usage), order))

    async def _tool(self) -> StageResult:
        able = self._has_tools()
        if able.value is False:
            return StageResult("", CheckState.SKIPPED, "the model is known to have no tools")
        try:
            reply = await self._asked(_CALL)
        except Unsupported as error:
            return replace(_failed(error), state=CheckState.SKIPPED)
        calls = reply.message.tool_calls
        if not calls:
            state = CheckState.FAILED if able.value else CheckState.SKIPPED
            return _of(reply, state, facts("the model called no tool", ending(reply.finish)))
        if calls[0].name != TOOL.name or "city" not in (calls[0].parsed() or {}):
            return _of(reply, CheckState.FAILED, "the call is not one of the tool that was offered")
        return _of(reply, CheckState.OK, facts("called", ending(reply.finish), tokens(reply.usage)))

    async def _cancel(self) -> StageResult:
        reply, stopped_at_s = SmokeReply(), None
        async with aclosing(self._provider.stream_chat(self._bounded(_LONG))) as events:
            async for event in events:
                reply.add(event)
                if isinstance(event, DELTAS):
                    stopped_at_s = time.monotonic()
                    break
        if stopped_at_s is None:
            return _of(reply, CheckState.SKIPPED, "the reply had nothing to stop")
        took_s = time.monotonic() - stopped_at_s
        state = CheckState.OK if took_s <= STOP_WITHIN_S else CheckState.FAILED
        return _of(reply, state, f"closed {took_s * 1000:.1f} ms after the first piece")

    def _has_tools(self) -> Fact:
        known = self._provider.capabilities(self._model)
        listed = self._listed.get(self._model or "")
        return (listed.capabilities.over(known) if listed else known).tools

    async def _asked(self, request: ChatRequest) -> SmokeReply:
        reply = SmokeReply()
        async with aclosing(self._provider.stream_chat(self._bounded(request))) as events:
            async for event in events:
                reply.add(event)
        return reply

    def _bounded(self, request: ChatRequest) -> ChatRequest:
        # Instructions of the person's own would make answers longer, and are none of the test's business.
        return replace(request, model=self._model, system="", max_tokens=ANSWER_TOKENS)


def _of(reply: SmokeReply, state: CheckState, detail: str) -> StageResult:
    start = reply.start
    return StageResult(
        "",
        state,
        detail,
        model=start.model if start else "",
        request_id=start.request_id if start else None,
        usage=reply.usage,
        notes=reply.notes,
    )


def _failed(error: LlmtuiError) -> StageResult:
    context = error.context if isinstance(error, ProviderError) else None
    return StageResult(
        "",
        CheckState.FAILED,
        str(error),
        request_id=context.request_id if context else None,
        error=error,
    )


def _question_tokens(request: ChatRequest) -> int:
    tools = [[tool.name, tool.description, dict(tool.parameters)] for tool in request.tools]
    asked = "".join(message.text for message in request.messages)
    return estimate_tokens(asked + (json.dumps(tools) if tools else ""))
