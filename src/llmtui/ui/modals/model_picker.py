"""Picking a model of any provider, or typing the name of one that nobody lists."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.widgets import OptionList, Static
from textual.worker import Worker, WorkerState

from llmtui.core.history import Target
from llmtui.core.models import ModelInfo, ProviderInfo
from llmtui.core.text import sanitise_line
from llmtui.services.memory import ModelMemory
from llmtui.ui.ages import ago
from llmtui.ui.modals.pick_list import PickList, Row, marked
from llmtui.ui.model_choices import FAVOURITES, RECENT, Choice, ModelChoices, Spot
from llmtui.ui.model_facts import cannot, columns, context, packed, spelled
from llmtui.ui.model_query import ORDERS, with_next_demand

WIDE = 60
"""Columns from which on a row has room for what a model can do."""
_TITLES = {FAVOURITES: "Favourites", RECENT: "Recent"}


class ModelSource(Protocol):
    """Where the models of a provider come from."""

    async def known(self, provider_id: str) -> list[ModelInfo]:
        """Those known without asking."""

    async def refresh(self, provider_id: str, *, wanted: bool = False) -> list[ModelInfo]:
        """Those that the server lists; raises what went wrong. `wanted` also asks one not used before."""

    def listed_at(self, provider_id: str) -> datetime | None:
        """When the server gave its last list."""


class ModelPicker(PickList[Target | None, Spot]):
    """Favourites, what was used lately, and every provider's models: known ones at once, live ones later."""

    KEYS: ClassVar[str] = "esc close · f2 ★ · f3 sort · f4 filter · f5 ask all"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "toggle_favourite", "Favourite", show=False),
        Binding("f3", "next_order", "Order", show=False),
        Binding("f4", "next_demand", "Demand", show=False),
        Binding("f5", "ask_all", "Ask all", show=False),
    ]

    DEFAULT_CSS = """
    ModelPicker {
        & > .frame { width: 100; max-height: 92%; }
        & .reason { height: auto; max-height: 4; color: $text-error; margin: 0 0 1 0; }
        & .facts { dock: bottom; height: 6; padding: 1 0 0 0; }
        &.-low .facts { height: 2; padding: 0; }
    }
    """

    facts = query_one(".facts", Static)

    def __init__(
        self,
        providers: Sequence[ProviderInfo],
        current: Target,
        source: ModelSource,
        memory: ModelMemory,
        *,
        reason: str = "",
        needed: Collection[str] = (),
    ) -> None:
        """`reason` says why a model has to be picked now, such as a server's words.

        `needed` are capabilities that the chat makes use of; a model that lacks one is greyed.
        """
        super().__init__("Model", "type a model, provider, provider/model, or :tools :vision :128k …")
        self._needed = needed
        self._reason = reason
        self._source = source
        self._memory = memory
        self._choices = ModelChoices(providers, current, memory)
        self._asking: set[str] = set()
        self._fresh: set[str] = set()
        """The providers whose server has answered since the dialog opened."""
        self._problems = {info.id: _offline_note(info) for info in providers}

    def compose_body(self) -> ComposeResult:
        """The reason, then filter line and list, and all that is known of the highlighted model."""
        if self._reason:
            yield Static(Content(sanitise_line(self._reason)), classes="reason", markup=False)
        yield from super().compose_body()
        yield Static(classes="facts", markup=False)

    def on_mount(self) -> None:
        """Ask the memory and every provider that was used before, at the same time."""
        self.run_worker(self._recall(), group="memory", exit_on_error=False)
        self._ask()

    def action_ask_all(self) -> None:
        """Ask every provider, also those whose key has not gone anywhere yet."""
        self._problems = {info.id: _offline_note(info) for info in self._choices.infos.values()}
        self._ask(wanted=True)

    def action_next_order(self) -> None:
        """Put the models of each group into the next order that there is."""
        names = list(ORDERS)
        self._choices.order = names[(names.index(self._choices.order) + 1) % len(names)]
        by = f" · by {self._choices.order}" if self._choices.order else ""
        self.query_one(".frame").border_title = Content(f"Model{by}")
        self._show()

    def action_next_demand(self) -> None:
        """Ask for models that can do the next thing on the list, by a word in the line that one types."""
        self.filter.value = with_next_demand(self.typed)
        self.filter.cursor_position = len(self.filter.value)

    def _ask(self, *, wanted: bool = False) -> None:
        for info in self._choices.infos.values():
            load = self._load(info, wanted=wanted)
            self.run_worker(load, name=info.id, group="models", exit_on_error=False)

    def on_resize(self) -> None:
        """Say as much of each model as there is room for."""
        super().on_resize()
        self.call_after_refresh(self._show)

    @on(Worker.StateChanged)
    def show_failure(self, event: Worker.StateChanged) -> None:
        """Say under the provider why its list did not come; a broken plugin may raise anything."""
        if event.state is WorkerState.ERROR and event.worker.group == "models":
            provider, error = event.worker.name, event.worker.error
            self._problems[provider] = sanitise_line(str(error)) or type(error).__name__
            self._asking.discard(provider)
            if provider not in self._choices.known:
                self._choices.put(provider, ())
            self._show()

    @on(OptionList.OptionHighlighted)
    def show_facts(self) -> None:
        """Spell out what is known of the highlighted model."""
        spot = self.highlighted
        self.facts.update(self._spelled(spot.target) if spot else Content(""))

    def rows(self, query: str) -> Iterable[Row[Spot]]:
        """The fitting models by groups, then what is typed, as it stands."""
        for group, choices in self._choices.groups(query):
            yield from self._heading(group)
            yield from map(self._row, choices)
        if target := self._choices.as_typed(query):
            note = Content.styled(f"as typed, at {target.provider}", "dim")
            left = Content.assemble("  use “", (target.model or "", "bold"), "”")
            yield Row(left, note, value=Spot(target.provider, target))

    def take(self, value: Spot) -> None:
        """Close with the model."""
        self.dismiss(value.target)

    def action_toggle_favourite(self) -> None:
        """Mark the highlighted model, or take its mark away; the highlight stays with it or beside it."""
        if (spot := self.highlighted) is None:
            return
        beside = self._beside(spot)
        self._memory.toggle(spot.target)
        # A job of its own: a database that somebody holds shall not hold the keys.
        self.run_worker(self._memory.save_mark(spot.target), group="memory", exit_on_error=False)
        self.moved = True
        self.show_rows(self.rows(self.typed), spot, Spot(FAVOURITES, spot.target), beside)
        self.show_facts()

    async def _recall(self) -> None:
        await self._memory.recall()
        self._choices.recent = await self._memory.recent()
        for provider_id in self._choices.known - self._fresh:
            self._choices.put(provider_id, await self._source.known(provider_id))
        self._show()

    async def _load(self, info: ProviderInfo, *, wanted: bool) -> None:
        self._choices.put(info.id, await self._source.known(info.id))
        if info.missing_key or info.error:
            self._show()
            return
        self._asking.add(info.id)
        self._show()
        self._choices.put(info.id, await self._source.refresh(info.id, wanted=wanted))
        self._asking.discard(info.id)
        self._fresh.add(info.id)
        self._show()

    def _show(self) -> None:
        """Show what has come, under a highlight that stays where it is."""
        kept = self.highlighted if self.moved or self.typed else None
        current = self._choices.current
        begin = [Spot(group, current) for group in (FAVOURITES, RECENT, current.provider)]
        self.show_rows(self.rows(self.typed), kept, *begin)
        self.show_facts()

    def _heading(self, group: str) -> Iterable[Row[Spot]]:
        """The group's name, with the age of a provider's list; under it what keeps a new one from coming."""
        if (info := self._choices.infos.get(group)) is None:
            yield Row(Content.styled(_TITLES[group], "bold $accent"))
            return
        listed = f"list of {age}" if (age := self._age(group)) else ""
        notes = ("asking …" if group in self._asking else "", listed)
        name = Content.assemble((sanitise_line(info.name), "bold $accent"), "  ", info.type)
        yield Row(name, Content(" · ".join(filter(None, notes))))
        if problem := self._problems[group]:
            yield Row(Content(f"  {problem}"))

    def _row(self, choice: Choice) -> Row[Spot]:
        target, model = choice.spot.target, choice.model
        # The model's id stands after the provider's in what was searched.
        skipped = len(choice.info.id) + 1
        found = (at - skipped for at in choice.fit.positions if at >= skipped)
        where = "" if choice.spot.group == choice.info.id else sanitise_line(choice.info.name)
        besides = "  ".join(filter(None, (where, sanitise_line(model.detail))))
        missing = cannot(model.capabilities, self._needed)
        left = Content.assemble(
            "● " if target == self._choices.current else "  ",
            marked(sanitise_line(model.id), found),
            (" ★" if self._choices.is_favourite(target) else "", "$accent"),
            (f"  {besides}", "dim"),
        )
        return Row(
            left.stylize("dim") if missing else left,
            Content.styled(missing or self._brief(model), "dim"),
            value=choice.spot,
        )

    def _brief(self, model: ModelInfo) -> str:
        """As much of what a model can do as there is room for."""
        remote = "leaves this machine" if model.leaves_machine else ""
        if self.options.size.width < WIDE:
            return remote or context(model.capabilities)
        return f"{remote}  {columns(model)}".strip()

    def _spelled(self, target: Target) -> Content:
        info, model = self._choices.infos.get(target.provider), self._choices.model(target)
        facts = packed(spelled(model, listed=self._age(target.provider)), self.facts.size.width)
        if self.has_class("-low"):
            return facts
        where = sanitise_line(info.name if info else target.provider)
        besides = "  ".join(
            ["", *filter(None, (where, sanitise_line(model.name), sanitise_line(model.detail)))]
        )
        return Content.assemble((sanitise_line(model.id), "bold"), besides, "\n", facts)

    def _age(self, provider_id: str) -> str:
        """How old a provider's list is; empty where it is of now, and where there is none."""
        when = None if provider_id in self._fresh else self._source.listed_at(provider_id)
        return ago(when) if when else ""

    def _beside(self, spot: Spot) -> Spot | None:
        """The model after this one in its group, else the one before."""
        group = [row.value for row in self._rows if row.value and row.value.group == spot.group]
        at = group.index(spot)
        return next(iter([*group[at + 1 : at + 2], *reversed(group[:at])]), None)


def _offline_note(info: ProviderInfo) -> str:
    return sanitise_line(info.error) or (f"no key: set {info.missing_key}" if info.missing_key else "")
