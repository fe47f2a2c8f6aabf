"""How all providers are: state, age of it, when they are asked again, and every stage of a check."""

import math
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker, WorkerState

from llmtui.core.models import CheckStage, CheckState, ConnectionReport, ProviderInfo
from llmtui.core.text import sanitise_line
from llmtui.services.connection import Progress
from llmtui.services.health import FAILING, Health, HealthService, HealthState
from llmtui.ui.ages import span
from llmtui.ui.columns import row
from llmtui.ui.health_words import glyph, words
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.bare_options import BareOptions

LOOK_EVERY_S = 1.0
MINUTE_S = 60
_STAGE_WORDS = {
    CheckState.OK: ("ok", "$text-success"),
    CheckState.FAILED: ("FAILED", "$text-error"),
    CheckState.SKIPPED: ("skipped", "$foreground-muted"),
    CheckState.RUNNING: ("asking", ""),
}
_COLUMNS = (("state", 15, 0), ("checked", 8, 44), ("next", 12, 60), ("mode", 5, 60))
"""Title, width, and from which width of the list on it is there."""


class HealthRoom(Dialog[None]):
    """A list of the providers, and below it all that is known of the marked one.

    It looks at what the health service knows, and draws what of it is new.
    """

    AUTO_FOCUS = "BareOptions"
    KEYS: ClassVar[str] = "esc close · enter check, key included · r ask all"

    DEFAULT_CSS = """
    HealthRoom {
        /* Of one height, so that the mark can move without the frame. */
        & > .frame { width: 96; height: 22; }
        & .heading { height: 1; color: $foreground 60%; }
        & BareOptions { max-height: 50%; }
        & VerticalScroll { height: 1fr; margin: 1 0 0 0; scrollbar-size: 0 1; }
        & VerticalScroll > Static { height: auto; }
        &.-low .heading { display: none; }
        &.-low VerticalScroll { margin: 0; }
        &:ansi .heading { color: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "ask_all", "Ask all", show=False),
        Binding("j", "walk('cursor_down')", "Down", show=False),
        Binding("k", "walk('cursor_up')", "Up", show=False),
        Binding("pagedown", "scroll('page_down')", "Page down", show=False, priority=True),
        Binding("pageup", "scroll('page_up')", "Page up", show=False, priority=True),
    ]

    options = query_one(BareOptions)

    def __init__(
        self,
        health: HealthService,
        providers: Sequence[ProviderInfo],
        *,
        current: str = "",
        report: Callable[[Health], object] = lambda _: None,
    ) -> None:
        """Take the providers in their order; `current` is marked first, `report` gets the news."""
        super().__init__("Health")
        self._service = health
        self._infos = providers
        self._first = next((at for at, info in enumerate(self._infos) if info.id == current), 0)
        self._report = report
        self._asking: set[str] = set()
        self._examined: dict[str, tuple[Health, ConnectionReport]] = {}
        self._progress: dict[str, Progress] = {}
        self._problem = ""
        self._drawn: list[Content] = []
        self._detail = Content("")

    def compose_body(self) -> ComposeResult:
        """The list below its titles, and what is known of one."""
        yield Static(classes="heading", markup=False)
        yield BareOptions()
        with VerticalScroll(can_focus=False):
            yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        """Show what is known, and look for news."""
        self.set_interval(LOOK_EVERY_S, self.show_news)

    def on_resize(self) -> None:
        """Arrange the columns anew."""
        super().on_resize()
        self.call_after_refresh(self._lay_out)

    @on(OptionList.OptionHighlighted)
    def show_marked(self) -> None:
        """Show what is known of the marked provider."""
        self.show_news()

    @on(OptionList.OptionSelected)
    def examine_chosen(self, event: OptionList.OptionSelected) -> None:
        """Check a provider stage by stage."""
        info = self._infos[event.option_index]
        if info.id not in self._asking:
            self._begin({info.id}, self._examine(info.id))

    @on(Worker.StateChanged)
    def show_problem(self, event: Worker.StateChanged) -> None:
        """Say what nobody expected."""
        if event.state is WorkerState.ERROR:
            self._problem = sanitise_line(f"{type(event.worker.error).__name__}: {event.worker.error}")
            self.show_news()

    def action_ask_all(self) -> None:
        """Ask every provider how it is, as a probe does."""
        if not self._asking:
            self._begin({info.id for info in self._infos}, self._service.probe_all(self._take))

    def action_walk(self, step: str) -> None:
        """Move the mark."""
        getattr(self.options, f"action_{step}")()

    def action_scroll(self, step: str) -> None:
        """Scroll what is known of one."""
        getattr(self.query_one(VerticalScroll), f"scroll_{step}")(animate=False)

    def show_news(self) -> None:
        """Draw what is new, and nothing else."""
        width = self.options.scrollable_content_region.width
        for at, line in enumerate(self._rows(width)):
            if at < len(self._drawn) and not self._drawn[at].is_same(line):
                self.options.replace_option_prompt_at_index(at, line)
                self._drawn[at] = line
        marked = self.options.highlighted
        detail = Content("\n").join(self._about(self._infos[marked])) if marked is not None else Content("")
        if not detail.is_same(self._detail):
            self._detail = detail
            self.query_one("#detail", Static).update(detail)

    def _begin(self, provider_ids: set[str], question: Coroutine[None, None, None]) -> None:
        self._asking |= provider_ids
        self.show_news()

        async def ask() -> None:
            try:
                await question
            finally:
                self._asking -= provider_ids
            self.show_news()

        self.run_worker(ask(), group="health", exit_on_error=False)

    async def _examine(self, provider_id: str) -> None:
        progress = self._progress[provider_id] = Progress()

        def take(stage: CheckStage) -> None:
            progress.take(stage)
            self.show_news()

        try:
            report = await self._service.examine(provider_id, told=take)
        finally:
            del self._progress[provider_id]
        health = self._service.of(provider_id)
        self._examined[provider_id] = health, report
        self._take(health)

    def _take(self, health: Health) -> None:
        self._asking.discard(health.provider)
        self._report(health)
        self.show_news()

    def _lay_out(self) -> None:
        width = self.options.scrollable_content_region.width
        titles = [(title, size) for title, size, needs in _COLUMNS if width >= needs]
        self.query_one(".heading", Static).update(row(Content("  provider"), titles, width))
        marked = self.options.highlighted
        self._drawn = self._rows(width)
        self.options.set_options(map(Option, self._drawn))
        self.options.highlighted = min(self._first if marked is None else marked, len(self._drawn) - 1)
        self.show_news()

    def _rows(self, width: int) -> list[Content]:
        return [self._line(info, width) for info in self._infos]

    def _line(self, info: ProviderInfo, width: int) -> Content:
        health = self._service.of(info.id)
        state = "asking …" if info.id in self._asking else words(health)
        cells = dict(state=state, checked=_checked(health), next=self._next(info), mode=info.health)
        name = glyph(health.state) + Content(f" {sanitise_line(info.name)}")
        return row(name, [(cells[title], size) for title, size, needs in _COLUMNS if width >= needs], width)

    def _next(self, info: ProviderInfo) -> str:
        due_s = self._service.schedule.due_in_s(info.id)
        if due_s is None:
            askable = not (info.error or info.missing_key)
            return "when chosen" if askable and info.health == "idle" else "never"
        if self._service.schedule.held:
            return "paused"
        return f"in {span(math.ceil(due_s / MINUTE_S) * MINUTE_S)}" if due_s else "now"

    def _about(self, info: ProviderInfo) -> Iterator[Content]:
        """All that is known of a provider, the last thing that went wrong with its hint."""
        if self._problem:
            yield Content.styled(self._problem, "$text-error")
        facts = (info.id, info.kind, info.type, info.model or "", info.base_url)
        yield Content.styled(sanitise_line(" · ".join(filter(None, facts))), "$foreground-muted")
        health = self._service.of(info.id)
        if progress := self._progress.get(info.id):
            yield from _lines(progress.stages)
            return
        examined, report = self._examined.get(info.id, (None, None))
        if report is not None and examined == health:
            yield from _lines(report.stages)
        elif health.detail:
            failed = health.state in FAILING
            yield Content.styled(sanitise_line(health.detail), "$text-error" if failed else "")
        hint = report.hint if report is not None and examined == health else _hint(health)
        if hint and hint != health.detail:
            yield Content(f"hint: {sanitise_line(hint)}")
        for remedy in report.remedies if report is not None and examined == health else ():
            yield Content(f"      {sanitise_line(f'{remedy.purpose}: {remedy.text}')}")


def _checked(health: Health) -> str:
    if health.checked_at_s is None:
        return "never"
    return span(time.monotonic() - health.checked_at_s)


def _hint(health: Health) -> str:
    if health.untried:
        return "no request went to this host before; a message, or enter, sends the key"
    return "" if health.state is HealthState.NO_KEY else health.hint


def _lines(stages: Sequence[CheckStage]) -> Iterator[Content]:
    column = max(len(stage.name) for stage in stages)
    for stage in stages:
        word, style = _STAGE_WORDS[stage.state]
        yield Content.assemble(
            f"{stage.name:<{column}}  ",
            (f"{word:<7}", style),
            f"{stage.duration_s * 1000:>6.0f} ms  ",
            sanitise_line(stage.detail),
        )
