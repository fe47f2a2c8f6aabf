"""The provider that needs no server, no key and no network: a model in a child process."""

import importlib.util
import os
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from llmtui.config.paths import Paths, user_paths
from llmtui.config.schema import ProviderSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import FilePart, ImagePart
from llmtui.core.errors import ErrorContext, ModelNotFound, ProviderError, Unsupported
from llmtui.core.events import Status, StreamEvent, Warning
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import (
    UNKNOWN,
    Capabilities,
    CheckStage,
    CheckState,
    ConfigIssue,
    ConnectionReport,
    Fact,
    Limit,
    ModelInfo,
)
from llmtui.core.untrusted import as_object
from llmtui.providers import kinds
from llmtui.providers.attachments import without
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.providers.embedded.gguf import GgufHead, read_head
from llmtui.providers.embedded.supervisor import CHILD_COMMAND, Order, Supervisor
from llmtui.providers.embedded.weights import model_path
from llmtui.providers.embedded.wire import EmbeddedWire
from llmtui.providers.wires.efforts import nearest

LIBRARY = "xllamacpp"
# Without a system prompt the bundled model's template adds one that makes it babble, and sampling
# makes so small a model stray.
SYSTEM_PROMPT = "You are a helpful assistant."
TEMPERATURE = 0.0
LARGEST_DEFAULT_CONTEXT = 8192


class EmbeddedOptions(KindOptions):
    """Which file is served, and how."""

    model_path: Path | None = None
    """Any local GGUF file; None is the one that `llmtui models pull embedded` fetches."""
    n_ctx: int | None = Field(default=None, ge=256)
    """Tokens of context; None is what the model was trained for, at most 8192."""
    threads: int | None = Field(default=None, ge=1)
    """None is half of the machine's cores."""
    parallel: int = Field(default=2, ge=1, le=64)
    """Replies at the same time; they share the context, one alone can have all of it."""
    repeat_penalty: float = Field(default=1.1, ge=1, le=2)
    """Keeps a small model from going round in circles; 1 is off."""
    unload_after_s: float | None = Field(default=600, ge=0)
    """Seconds without a request after which the memory is given back; 0 and None never do."""

    @field_validator("model_path")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None


class EmbeddedProvider(kinds.Embedded, BaseProvider):
    """A GGUF model, served by llama.cpp in a child process that starts with the first request."""

    options_model = EmbeddedOptions
    options: EmbeddedOptions

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        paths: Paths | None = None,
        command: Sequence[str] = CHILD_COMMAND,
    ) -> None:
        super().__init__(settings)
        paths = paths or user_paths()
        self._data_dir = paths.data_dir
        self.model = self.model_of(settings)
        self._file = self.options.model_path or model_path(paths.data_dir)
        self._supervisor = Supervisor(
            self._order,
            paths.log_dir / f"{self.id}.log",
            command,
            unload_after_s=self.options.unload_after_s,
        )
        extra = {"extra_body": {"repeat_penalty": self.options.repeat_penalty}}
        # What the model cannot do was left out before the wire is asked: it must not fill it in again.
        known = settings.model_copy(update={"options": extra, "reasoning_effort": None})
        self._wire = EmbeddedWire(known, self._supervisor)

    @classmethod
    def validate_config(cls, config: Mapping[str, Any]) -> list[ConfigIssue]:
        """What is wrong with settings of this kind; offline, never raises."""
        issues = super().validate_config(config)
        path = as_object(config.get("options")).get("model_path")
        if isinstance(path, str) and not Path(path).expanduser().is_file():
            issues.append(ConfigIssue("options.model_path", f"there is no file {path}"))
        if config.get("base_url"):
            issues.append(ConfigIssue("base_url", "the embedded model has no address", "warning"))
        return issues

    @property
    def running(self) -> bool:
        """Whether the model is loaded."""
        return self._supervisor.running

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Ask, loading the model first when it is not; closing the generator stops the reply."""
        request = self.filled(request)
        self._require_model(request.model)
        request, warnings = _fitted(request)
        for warning in warnings:
            yield warning
        with self._supervisor.in_use():
            if not self.running:
                yield Status("loading", self.model)
            async with aclosing(self._wire.stream_chat(request)) as events:
                async for event in events:
                    yield event

    def filled(self, request: ChatRequest) -> ChatRequest:
        """The request with the settings' values, or what suits a small model."""
        request = super().filled(request)
        return replace(
            request,
            model=request.model or self.model,
            system=SYSTEM_PROMPT if request.system is None else request.system,
            temperature=TEMPERATURE if request.temperature is None else request.temperature,
        )

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What is known of the file without loading it."""
        yes, no = Fact.yes(), Fact.no()
        # Measured: the bundled model answers in prose where a tool is called for.
        bundled = no if self.options.model_path is None else UNKNOWN
        return Capabilities(
            streaming=yes,
            tools=bundled,
            system_prompt=yes,
            temperature=yes,
            image=no,
            audio=no,
            video=no,
            documents=no,
            reasoning=bundled,
            prefill=yes,
            key_required=no,
            custom_endpoint=no,
            context_window=self._context_window(),
        )

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Whether library and model file are there; never loads the model."""
        stages: list[CheckStage] = []
        for name, test in (("package", _require_library), ("model file", self._head)):
            began = time.perf_counter()
            try:
                test()
            except ProviderError as error:
                seconds = time.perf_counter() - began
                stages.append(CheckStage(name, CheckState.FAILED, str(error), seconds))
                return ConnectionReport(self.id, tuple(stages), hint=error.hint, error=error)
            stages.append(CheckStage(name, CheckState.OK, duration_s=time.perf_counter() - began))
        return ConnectionReport(self.id, tuple(stages), models=(self._info(),))

    def default_models(self) -> list[ModelInfo]:
        """The one model."""
        return [self._info()]

    async def list_models(self) -> list[ModelInfo]:
        """The one model; raises ProviderError when it cannot be served."""
        self._order()
        return [self._info()]

    def model_admin(self) -> ModelAdmin:
        """What fetches, loads and deletes the one model; the process stays this provider's."""
        from llmtui.providers.embedded.admin import EmbeddedAdmin, ServedFile

        is_own = self.options.model_path is not None
        served = ServedFile(self.model, self._file, is_own, self._head, self.capabilities)
        return EmbeddedAdmin(self.id, served, self._data_dir, self._supervisor)

    async def aclose(self) -> None:
        """End the child process."""
        await self._wire.aclose()
        await self._supervisor.aclose()

    def _require_model(self, model: str | None) -> None:
        if model != self.model:
            raise ModelNotFound(
                f"the embedded provider serves only {self.model}, not {model}",
                hint="pick that model (ctrl+o), or add a provider of kind `embedded` for the other file",
                context=ErrorContext(provider=self.id, model=model or ""),
            )

    def _order(self) -> Order:
        _require_library()
        self._head()
        return Order(
            model_path=str(self._file),
            model=self.model,
            n_ctx=self._context_window().tokens or LARGEST_DEFAULT_CONTEXT,
            parallel=self.options.parallel,
            threads=self.options.threads or default_threads(),
        )

    def _context_window(self) -> Limit:
        if self.options.n_ctx:
            return Limit(self.options.n_ctx, "override")
        try:
            trained = self._head().context_length
        except ProviderError:
            return Limit()
        return Limit(min(trained, LARGEST_DEFAULT_CONTEXT), "provider") if trained else Limit()

    def _head(self) -> GgufHead:
        try:
            return read_head(self._file)
        except FileNotFoundError:
            chosen = self.options.model_path is not None
            raise ModelNotFound(
                f"there is no model file {self._file}",
                hint="check options.model_path" if chosen else "run `llmtui models pull embedded`",
            ) from None
        except OSError as error:
            raise ModelNotFound(f"cannot read {self._file}: {error.strerror}") from error
        except ValueError as error:
            hint = "set model_path to a GGUF file, or run `llmtui models pull embedded`"
            raise ModelNotFound(f"{self._file} is {error}", hint=hint) from error

    def _info(self) -> ModelInfo:
        return ModelInfo(
            self.model, capabilities=self.capabilities(), leaves_machine=False, detail=self._file.name
        )


def _fitted(request: ChatRequest) -> tuple[ChatRequest, list[Warning]]:
    """The request without what no model here is known to do: think by order, read images and files."""
    request, warnings = without(request, (ImagePart, FilePart))
    if request.reasoning_effort is not None:
        _, lost = nearest(request.reasoning_effort, {}, request.model or "")
        request, warnings = replace(request, reasoning_effort=None), warnings + lost
    return request, warnings


def default_threads() -> int:
    """Half of the cores that this process may use.

    llama.cpp's threads wait for each other many times per token, spinning: as soon as one of them has to wait
    for a core (the screen draws, a build runs) all do. Measured on two cores: with both idle a second thread
    brings 110 tokens/s instead of 84, with both busy it brings 4 to 40 instead of 50.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, count // 2)


def _require_library() -> None:
    if importlib.util.find_spec(LIBRARY) is None:
        raise Unsupported(
            "the package that runs the embedded model is not installed",
            hint="install `llmtui[embedded]`, for example with `pip install 'llmtui[embedded]'`",
        )
