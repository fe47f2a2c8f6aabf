"""The shipped fake: plays a script, or politely repeats what it was told. Needs no network and no key.

- id: demo
  kind: scripted
  options:
    tokens_per_s: 20
    script:
      - [{reasoning: "Hm."}, {text: "Paris."}, {usage: {input: 9, output: 2}}]
      - [{error: {class: RateLimited, message: "slow down", retry_after_s: 2}}]
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from itertools import cycle
from typing import Any

from pydantic import Field, field_validator

from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import Message
from llmtui.core.errors import ConnectError, ProviderError
from llmtui.core.events import DELTAS, Start, StreamEvent, TextDelta, UsageUpdate
from llmtui.core.models import (
    Capabilities,
    CheckStage,
    CheckState,
    ConnectionReport,
    Fact,
    Limit,
    ModelInfo,
)
from llmtui.core.usage import Usage, estimate_tokens
from llmtui.providers import kinds
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.script import Action, Fault, Pause, Step, complete, words


class ScriptedOptions(KindOptions):
    """Options of the scripted provider."""

    script: list[list[Step]] = Field(default_factory=list)
    """Replies, given in turn and then again from the first; a flat list of steps is one reply."""
    tokens_per_s: float | None = Field(default=30, gt=0)
    """Words a second; null for as fast as possible."""
    models: list[str] = Field(default_factory=list)
    context_window: int | None = None
    down: str = ""
    """Makes every request and check fail with these words."""

    @field_validator("script", mode="before")
    @classmethod
    def _one_reply(cls, script: Any) -> Any:
        flat = isinstance(script, list) and script and not isinstance(script[0], list)
        return [script] if flat else script


class ScriptedProvider(kinds.Scripted, BaseProvider):
    """Plays replies: those queued by `play` first, then the script's in turn, else an echo.

    Tests hold deltas back with `gate`: each delta acquires the semaphore once.
    """

    options_model = ScriptedOptions
    options: ScriptedOptions

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self.requests: list[ChatRequest] = []
        """What was asked, filled from the settings."""
        self.gate: asyncio.Semaphore | None = None
        self._queued: deque[tuple[Action, ...]] = deque()
        self._script = cycle(self.options.script)

    def play(self, *actions: Action) -> None:
        """Queue one reply."""
        self._queued.append(actions)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Play the next reply."""
        request = self.filled(request)
        self.requests.append(request)
        self._refuse_when_down()
        start = Start(self.id, request.model or "echo")
        for action in complete(self._next_reply(request), start):
            match action:
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case asyncio.Event():
                    await action.wait()
                case ProviderError():
                    raise action
                case Fault.CUT:
                    return
                case Fault.HANG:
                    await asyncio.Event().wait()
                case _:
                    if isinstance(action, DELTAS):
                        await self._pace()
                    yield action

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What a script can show."""
        return Capabilities(
            streaming=Fact.yes(),
            tools=Fact.yes(),
            system_prompt=Fact.yes(),
            reasoning=Fact.yes(),
            key_required=Fact.no(),
            context_window=Limit(window, "provider") if (window := self.options.context_window) else Limit(),
        )

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Ready, unless the script is down."""
        down = self.options.down
        stage = CheckStage("script", CheckState.FAILED if down else CheckState.OK, down)
        if down:
            return ConnectionReport(self.id, (stage,), error=ConnectError(down))
        return ConnectionReport(self.id, (stage,), tuple(self.default_models()))

    def default_models(self) -> list[ModelInfo]:
        """The models of the options, else the configured one."""
        return [ModelInfo(model) for model in self.options.models] or super().default_models()

    async def list_models(self) -> list[ModelInfo]:
        """The same models."""
        self._refuse_when_down()
        return self.default_models()

    async def aclose(self) -> None:
        """Forget the replies that were queued."""
        self._queued.clear()

    def _next_reply(self, request: ChatRequest) -> Iterable[Action]:
        if self._queued:
            return self._queued.popleft()
        if self.options.script:
            return [action for step in next(self._script) for action in step.actions()]
        return _echo(request)

    async def _pace(self) -> None:
        if self.gate is not None:
            await self.gate.acquire()
        elif self.options.tokens_per_s is not None:
            await asyncio.sleep(1 / self.options.tokens_per_s)

    def _refuse_when_down(self) -> None:
        if self.options.down:
            raise ConnectError(self.options.down)


def _echo(request: ChatRequest) -> Iterator[Action]:
    said = request.messages[-1].text if request.messages else ""
    answer = f"You said: {said}" if said.strip() else "Please say something, and I will repeat it."
    yield from map(TextDelta, words(answer))
    yield UsageUpdate(Usage(_tokens(request.messages), estimate_tokens(answer), source="estimated"))


def _tokens(messages: Iterable[Message]) -> int:
    return sum(estimate_tokens(message.text) for message in messages)
