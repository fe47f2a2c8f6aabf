"""Picking a model of any provider, or typing the name of one that nobody lists."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from llmtui.core.history import Target
from llmtui.core.models import ModelInfo, ProviderInfo
from llmtui.core.text import sanitise_line
from llmtui.ui.fuzzy import Match, match
from llmtui.ui.modals.pick_list import PickList, Row, marked

_ASKING = "asking …"


class ModelSource(Protocol):
    """Where the models of a provider come from."""

    async def known(self, provider_id: str) -> list[ModelInfo]:
        """Those known without asking."""

    async def refresh(self, provider_id: str) -> list[ModelInfo]:
        """Those that the server lists; raises what went wrong."""


class ModelPicker(PickList[Target | None, Target]):
    """Every provider's models, known ones at once and live ones as they come."""

    KEYS: ClassVar[str] = "enter use · esc close"

    DEFAULT_CSS = """
    ModelPicker .reason { height: auto; max-height: 4; color: $text-error; margin: 0 0 1 0; }
    """

    def __init__(
        self, providers: Sequence[ProviderInfo], current: Target, source: ModelSource, *, reason: str = ""
    ) -> None:
        """`reason` says why a model has to be picked now, such as a server's words."""
        super().__init__("Model", "type a model or provider, or provider/model")
        self._reason = reason
        self._providers = providers
        self._current = current
        configured = next((info.model for info in providers if info.id == current.provider), None)
        self._marked = Target(current.provider, current.model or configured)
        self._source = source
        self._models: dict[str, list[ModelInfo]] = {}
        self._notes = {info.id: _offline_note(info) for info in providers}

    def compose_body(self) -> ComposeResult:
        """The reason, then filter line and list."""
        if self._reason:
            yield Static(Content(sanitise_line(self._reason)), classes="reason", markup=False)
        yield from super().compose_body()

    def on_mount(self) -> None:
        """Ask every provider at the same time."""
        for info in self._providers:
            self.run_worker(self._load(info), name=info.id, group="models", exit_on_error=False)

    @on(Worker.StateChanged)
    def show_failure(self, event: Worker.StateChanged) -> None:
        """Say under the provider why its list did not come; a broken plugin may raise anything."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self._notes[event.worker.name] = sanitise_line(str(error)) or type(error).__name__
            self._models.setdefault(event.worker.name, [])
            self._show()

    def rows(self, query: str) -> Iterable[Row[Target]]:
        """The fitting models under their providers, then what is typed, as it stands."""
        groups = [(info, self._fitting(info, query)) for info in self._providers]
        if query:
            groups = [(info, found) for info, found in groups if found]
            groups.sort(key=lambda group: -max(fit.score for _, fit in group[1]))
        for info, found in groups:
            yield from self._heading(info)
            for model, fit in found:
                yield self._row(info, model, fit)
        if query and self._all_known and not self._is_listed(query):
            target = self._as_typed(query)
            note = Content.styled(f"as typed, at {target.provider}", "dim")
            yield Row(Content.assemble("  use “", (target.model or "", "bold"), "”"), note, value=target)

    def take(self, value: Target) -> None:
        """Close with the model."""
        self.dismiss(value)

    async def _load(self, info: ProviderInfo) -> None:
        self._models[info.id] = _with_configured(info, await self._source.known(info.id))
        askable = not info.missing_key and not info.error
        if askable:
            self._notes[info.id] = _ASKING
        self._show()
        if askable:
            self._models[info.id] = _with_configured(info, await self._source.refresh(info.id))
            self._notes[info.id] = ""
            self._show()

    def _show(self) -> None:
        """Show what has come, under a highlight that stays where it is."""
        query = self.filter.value.strip()
        kept = self.highlighted if self.moved or query else None
        self.show_rows(self.rows(query), kept, self._marked)

    @property
    def _all_known(self) -> bool:
        """Whether every provider's known models are here: before that, nothing typed is new."""
        return len(self._models) == len(self._providers)

    def _fitting(self, info: ProviderInfo, query: str) -> list[tuple[ModelInfo, Match]]:
        found = [
            (model, fit)
            for model in self._models.get(info.id, [])
            if (fit := match(query, _searchable(info, model))) is not None
        ]
        return sorted(found, key=lambda pair: -pair[1].score)

    def _heading(self, info: ProviderInfo) -> Iterable[Row[Target]]:
        """The provider's name, and under it what keeps its list from coming."""
        name = Content.assemble((sanitise_line(info.name), "bold $accent"), "  ", info.type)
        note = Content(self._notes[info.id])
        if self._notes[info.id] in ("", _ASKING):
            yield Row(name, note)
        else:
            yield Row(name)
            yield Row("  " + note)

    def _row(self, info: ProviderInfo, model: ModelInfo, fit: Match) -> Row[Target]:
        target = Target(info.id, model.id)
        # The model's id stands after the provider's in what was searched.
        skipped = len(info.id) + 1
        name = marked(sanitise_line(model.id), (at - skipped for at in fit.positions if at >= skipped))
        left = Content.assemble("● " if target == self._marked else "  ", name, ("  " + model.detail, "dim"))
        return Row(left, Content.styled(_facts(model), "dim"), value=target)

    def _is_listed(self, query: str) -> bool:
        wanted = self._as_typed(query)
        return any(model.id == wanted.model for model in self._models.get(wanted.provider, []))

    def _as_typed(self, query: str) -> Target:
        provider, slash, model = query.partition("/")
        if slash and model and provider in self._models:
            return Target(provider, model)
        return Target(self._current.provider, query)


def _searchable(info: ProviderInfo, model: ModelInfo) -> str:
    return f"{info.id}/{model.id} {info.name} {model.name}"


def _with_configured(info: ProviderInfo, models: list[ModelInfo]) -> list[ModelInfo]:
    """The models with the configured one, which a server need not list."""
    if info.model is None or any(model.id == info.model for model in models):
        return models
    return [ModelInfo(info.model), *models]


def _offline_note(info: ProviderInfo) -> str:
    return sanitise_line(info.error) or (f"no key: set {info.missing_key}" if info.missing_key else "")


def _facts(model: ModelInfo) -> str:
    remote = "leaves this machine · " if model.leaves_machine else ""
    return remote + _context(model)


def _context(model: ModelInfo) -> str:
    tokens = model.capabilities.context_window.tokens
    if tokens is None:
        return "context unknown"
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.3g}M context"
    return f"{tokens / 1000:.0f}k context" if tokens >= 1000 else f"{tokens} context"
