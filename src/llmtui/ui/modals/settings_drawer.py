"""A provider's settings in a drawer at the right: edited, tested, saved."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Button, Input, Select, Static, TextArea

from llmtui.core.errors import LlmtuiError
from llmtui.core.models import ConfigIssue
from llmtui.core.text import sanitise_line
from llmtui.services.provider_form import KEY, Edits, ProviderForm, Review, Saved
from llmtui.services.settings import SettingsService
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.modals.question import Question
from llmtui.ui.widgets.check_report import CheckReport
from llmtui.ui.widgets.connection_test import ConnectionTest
from llmtui.ui.widgets.setting_row import SettingRow

NARROW_BELOW = 50
"""Columns."""


class SettingsDrawer(Dialog[None]):
    """Reads the provider when it is shown, and reports what was saved."""

    KEYS: ClassVar[str] = "ctrl+t test · f2 save · esc close"

    DEFAULT_CSS = """
    SettingsDrawer {
        align: right top;
        & > .frame { width: 64; height: 100%; max-height: 100%; }
        &.-wide > .frame { width: 100%; }
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
        & .note { height: auto; padding: 0 0 0 1; color: $foreground 60%; }
        & .section { height: 1; margin: 1 0 0 1; text-style: bold; color: $accent; }
        & .note.-last { margin: 1 0 0 0; }
        & #problem { color: $text-error; display: none; }
        & #problem.-shown { display: block; }
        & #key { height: auto; padding: 0 0 0 20; }
        &.-narrow #key { padding: 0 0 0 1; }
        & #key Static { width: 1fr; height: auto; padding: 0 1 0 0; color: $foreground 60%; }
        & #help { height: 2; padding: 0 0 0 1; color: $foreground 60%; }
        &.-low #help { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #buttons { height: 1; padding: 0 0 0 1; }
        & Button { min-width: 8; margin: 0 2 0 0; }
        & #forget { margin: 0; }
        &:ansi Button { border: none; background: ansi_default; text-style: none; }
        &:ansi Button:focus { text-style: reverse; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "test", "Test", show=False),
        Binding("f2", "save", "Save", show=False),
        Binding("f3", "ask_token", "One token", show=False),
        Binding("f4", "copy_remedy", "Copy", show=False),
        # Before the field sees them: what is typed right after goes to the next one.
        Binding("tab", "app.focus_next", "Next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Before", show=False, priority=True),
        Binding("pageup", "scroll('page_up')", "Page up", show=False),
        Binding("pagedown", "scroll('page_down')", "Page down", show=False),
    ]

    connection_test = query_one(ConnectionTest)
    report = query_one(CheckReport)

    def __init__(
        self, provider_id: str, settings: Callable[[], SettingsService], saved: Callable[[Saved], object]
    ) -> None:
        super().__init__(f"Settings of {sanitise_line(provider_id)}")
        self._provider_id = provider_id
        self._make_settings = settings
        self._report_saved = saved
        self._form: ProviderForm | None = None
        self._reported: Edits | None = None
        """What the report is about."""
        self._saving = self._forget_key = False

    def compose_body(self) -> ComposeResult:
        """An empty form; what it holds is read meanwhile."""
        with VerticalScroll(can_focus=False):
            yield Static("reading …", id="problem", classes="note -shown", markup=False)
            yield ConnectionTest(keys={"again": "ctrl+t", "token": "f3", "copy": "f4"})
        yield Static(id="help", markup=False)
        with Horizontal(id="buttons"):
            yield Button("Test", id="test", compact=True)
            yield Button("Save", id="save", compact=True)

    def on_mount(self) -> None:
        """Read the provider."""
        self.load()

    def on_resize(self) -> None:
        """Use the whole width of a narrow screen."""
        super().on_resize()
        width = self.app.size.width
        self.set_class(width < 80, "-wide")
        self.set_class(width < NARROW_BELOW, "-narrow")

    @work(exit_on_error=False)
    async def load(self) -> None:
        """Show the provider as it is written."""
        try:
            self._settings = await asyncio.to_thread(self._make_settings)
            form = await self._settings.open(self._provider_id)
        except LlmtuiError as error:
            self._show_problem(" · ".join(filter(None, (str(error), error.hint))))
            return
        await self._fill(form)

    async def _fill(self, form: ProviderForm) -> None:
        widgets: list[SettingRow | Static | Horizontal] = []
        for field in form.fields:
            if field.key.startswith("options.") and not any(w.has_class("section") for w in widgets):
                widgets.append(Static(Content(f"only {form.kind}"), classes="section", markup=False))
            widgets.append(SettingRow(field, form.texts.get(field.key, "")))
            if field.key == KEY:
                forget = Button("Remove", id="forget", compact=True)
                widgets.append(Horizontal(Static(markup=False), forget, id="key"))
        headers = f"headers ({form.headers})" if form.headers else "headers"
        note = f"{headers}, timeouts, network and health are set in {form.place}"
        widgets.append(Static(Content(sanitise_line(note)), classes="note -last", markup=False))
        await self.query_one(VerticalScroll).mount_all(widgets, before=self.connection_test)
        self._form = form
        self._show_problem("")
        self._review()
        self._rows[0].editor.focus()

    @property
    def _rows(self) -> list[SettingRow]:
        return list(self.query(SettingRow))

    @property
    def edits(self) -> Edits:
        """What is typed and not saved."""
        typed = {row.field.key: row.text for row in self._rows if row.text != row.initial}
        return Edits(typed, typed.pop(KEY, "").strip(), self._forget_key)

    # As one types

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    def review_typed(self) -> None:
        """Say under each field what is wrong with it."""
        self._review()

    @on(Input.Submitted)
    def go_on(self) -> None:
        """Go on to the next field."""
        self.focus_next()

    @on(events.DescendantFocus)
    def explain(self) -> None:
        """Explain the field that has the keys, which need not be the event's: they overtake one another."""
        around = self.focused.ancestors_with_self if self.focused else ()
        row = next((one for one in around if isinstance(one, SettingRow)), None)
        words = f"{row.field.key}: {row.field.description}" if row else ""
        self.query_one("#help", Static).update(Content(sanitise_line(words)))

    @on(Button.Pressed, "#forget")
    def forget_key(self) -> None:
        """Remove the key when the settings are saved, or keep it after all."""
        self._forget_key = not self._forget_key
        self._review()

    def _review(self) -> Review | None:
        if self._form is None:
            return None
        review = self._settings.review(self._form, self.edits)
        rows = {row.field.key: row for row in self._rows}
        faults: dict[str, ConfigIssue] = {}
        for issue in review.issues:
            faults.setdefault(_nearest(issue.key, rows), issue)
        for key, row in rows.items():
            if key in review.defaults:
                row.show_default(review.defaults[key])
            fault = faults.get(key)
            row.show_issue(fault.message if fault else "", fault.severity if fault else "error")
        elsewhere = faults.get("")
        self._show_problem(f"{elsewhere.key}: {elsewhere.message}" if elsewhere else "")
        self._show_key(review)
        self._mark_report()
        if self.focused is not None:
            # What is said of other fields may push it out of sight.
            self.call_after_refresh(self.focused.scroll_visible, animate=False)
        return review

    def _show_key(self, review: Review) -> None:
        if not review.key_place:
            # Nobody knows before what is wrong is mended.
            return
        for box in self.query("#key"):
            place = "removed when saved" if self._forget_key else review.key_place
            box.query_one(Static).update(Content(sanitise_line(place)))
            button = box.query_one(Button)
            button.display = review.key_removable
            button.label = "Keep" if self._forget_key else "Remove"

    def _mark_report(self) -> None:
        self.report.outdated = self._reported not in (None, self.edits)

    def _show_problem(self, words: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.set_class(bool(words), "-shown")
        problem.update(Content(sanitise_line(words)))

    # Test, save, close

    @on(Button.Pressed, "#test")
    def action_test(self) -> None:
        """Check the connection by what is typed."""
        if self._is_sound() and self._form is not None:
            self._reported = self.edits
            self._mark_report()
            self.connection_test.start(self._settings.connection(self._form, self._reported))

    def action_ask_token(self) -> None:
        """Ask the model that was tested for one token, which the test has offered."""
        self.connection_test.action_ask_token()

    async def action_copy_remedy(self) -> None:
        """Copy what helps after a failed test."""
        await self.connection_test.action_copy()

    @on(ConnectionTest.Grew)
    def _show_end(self) -> None:
        """Show the end of the form, where what comes of keys is told."""
        self.call_after_refresh(self.query_one(VerticalScroll).scroll_end, animate=False)

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Save what is typed, use it from now on, and close."""
        if self._form is None or self._saving or not self._is_sound():
            return
        if not self.edits:
            self.dismiss(None)
            return
        self._saving = True
        # The app's worker: closing the drawer does not leave half of it done.
        self.app.run_worker(self._save(self._form, self.edits), name="save settings", exit_on_error=False)

    async def _save(self, form: ProviderForm, edits: Edits) -> None:
        try:
            saved = await self._settings.save(form, edits)
        except LlmtuiError as error:
            self._saving = False
            if not self.is_current:
                raise
            self._say(edits, " · ".join(filter(None, (str(error), error.hint))), "$text-error")
            return
        self._report_saved(saved)
        if self.is_current:
            self.dismiss(None)

    def _say(self, edits: Edits, words: str, style: str = "") -> None:
        self._reported = edits
        self._mark_report()
        self.connection_test.say(words, style)

    def action_close(self) -> None:
        """Stop a test, else close; ask first when something is not saved."""
        if self.connection_test.cancel():
            return
        if self._form is None or self._saving or not self.edits:
            self.dismiss(None)
            return

        def act(answer: str | None) -> None:
            if answer == "s":
                self.action_save()
            elif answer == "d":
                self.dismiss(None)

        answers = {"s": "save it", "d": "drop it"}
        self.app.push_screen(Question("Not saved", "What you changed is not saved yet.", answers), act)

    def action_scroll(self, step: str) -> None:
        """Scroll the form."""
        getattr(self.query_one(VerticalScroll), f"scroll_{step}")(animate=False)

    def _is_sound(self) -> bool:
        """Whether nothing is wrong; else the first wrong field gets the keys."""
        review = self._review()
        if review is None or review.ok:
            return review is not None
        wrong = {_nearest(one.key, {row.field.key for row in self._rows}) for one in review.issues}
        for row in self._rows:
            if row.field.key in wrong:
                row.editor.focus()
                break
        return False


def _nearest(key: str, known: "dict[str, SettingRow] | set[str]") -> str:
    """The field that a path belongs to; empty for none of them."""
    while key and key not in known:
        key = key.rpartition(".")[0]
    return key
