"""Making a model by a Modelfile: from a file, or written here or in the person's editor."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static, TextArea

from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise_line
from llmtui.services.modelfiles import check_modelfile, read_modelfile
from llmtui.services.transfer_job import Modelfile
from llmtui.ui.editor import edit
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.line_input import LineInput
from llmtui.ui.widgets.lines_input import LinesInput


@dataclass(frozen=True, slots=True)
class NewModel:
    """What is to be made."""

    name: str
    modelfile: Modelfile


class NewModelDialog(Dialog[NewModel | None]):
    """A name, and either a file's path or the text itself; what is wrong is said below."""

    AUTO_FOCUS = "#name"
    KEYS: ClassVar[str] = "f2 create · ctrl+e editor · tab next · esc close"

    DEFAULT_CSS = """
    NewModelDialog {
        & > .frame { width: 88; height: 22; max-height: 100%; }
        & Horizontal { height: 1; }
        & .label { width: 8; color: $foreground 60%; }
        & LineInput { width: 1fr; }
        & TextArea { height: 1fr; margin: 1 0 0 0; }
        &.-low TextArea { margin: 0; }
        & #problem { height: auto; max-height: 3; color: $text-error; }
        &:ansi .label { color: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "create", "Create", show=False),
        Binding("ctrl+e", "edit", "Editor", show=False, priority=True),
        # Before the field sees them: what is typed right after goes to the next one.
        Binding("tab", "app.focus_next", "Next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Before", show=False, priority=True),
    ]

    name_line = query_one("#name", LineInput)
    path_line = query_one("#path", LineInput)
    text = query_one(TextArea)

    def __init__(self, begin_with: str) -> None:
        """`begin_with` is the text that stands there at first."""
        super().__init__("New model")
        self._begin_with = begin_with

    def compose_body(self) -> ComposeResult:
        """Two lines, the text, and what is wrong."""
        for label, id, placeholder in (
            ("name", "name", "what the model shall be called"),
            ("file", "path", "path of a Modelfile; empty: the text below"),
        ):
            with Horizontal():
                yield Static(label, classes="label", markup=False)
                line = LineInput(placeholder=placeholder)
                line.id = id
                yield line
        yield LinesInput(self._begin_with)
        yield Static(id="problem", markup=False)

    def on_mount(self) -> None:
        """Let the person go on behind what stands there."""
        self.text.move_cursor(self.text.document.end)

    async def action_create(self) -> None:
        """Close with the name and the Modelfile."""
        name, path = self.name_line.value.strip(), self.path_line.value.strip()
        try:
            if not name:
                raise LlmtuiError("the model needs a name")
            modelfile = await read_modelfile(path) if path else Modelfile(self.text.text)
            check_modelfile(modelfile.text)
        except LlmtuiError as error:
            self._say_error(error)
            return
        self.dismiss(NewModel(name, modelfile))

    def action_edit(self) -> None:
        """Write the text in `$EDITOR`."""
        # The app's worker: it hears of replies and signals while the editor is open.
        self.app.run_worker(self._edit(), name="editor", group="editor", exit_on_error=False)

    async def _edit(self) -> None:
        try:
            self.text.text = await edit(self.app, self.text.text)
        except LlmtuiError as error:
            self._say_error(error)

    def _say_error(self, error: LlmtuiError) -> None:
        words = " · ".join(filter(None, (str(error), error.hint)))
        self.query_one("#problem", Static).update(Content(sanitise_line(words)))
