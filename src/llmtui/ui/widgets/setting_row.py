"""One setting: its name, what edits it, and what is wrong with it."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from llmtui.core.settings import SettingField
from llmtui.core.text import sanitise, sanitise_line
from llmtui.ui.widgets.line_input import LineInput
from llmtui.ui.widgets.lines_input import LinesInput


class SettingRow(Vertical):
    """A row of a form; the mark at its left shows without colour where the keys go."""

    DEFAULT_CSS = """
    SettingRow {
        height: auto;
        border-left: blank;
        &:focus-within { border-left: outer $accent; }
        & > Horizontal { height: auto; }
        & .label { width: 19; height: 1; color: $foreground 70%; text-wrap: nowrap; text-overflow: ellipsis; }
        &:focus-within .label { color: $accent; text-style: bold; }
        & .issue { height: auto; padding: 0 0 0 2; color: $text-error; display: none; }
        & .issue.-shown { display: block; }
        & .issue.-warning { color: $text-warning; }
        & LineInput, & LinesInput, & Select { width: 1fr; }
        & Select > SelectCurrent, & Select:focus > SelectCurrent {
            border: none !important;
            padding: 0 1 0 0;
            background: transparent;
            background-tint: 0%;
        }
        & Select > SelectCurrent .arrow { color: $foreground; }
        & Select > SelectCurrent Static#label { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &:ansi Select > SelectCurrent Static#label { text-style: dim; }
        &:ansi Select > SelectCurrent.-has-value Static#label { text-style: none; }
        & Select.-textual-compact > SelectOverlay {
            border: round $border !important;
            max-height: 9;
            background: $panel;
        }
        &:ansi Select.-textual-compact > SelectOverlay {
            border: round ansi_default !important;
            background: ansi_default;
        }
        &:nocolor Select > SelectOverlay > .option-list--option-highlighted { text-style: bold underline; }
        &:nocolor:focus-within .label { color: ansi_default; text-style: bold underline; }
    }
    .-narrow SettingRow .label { width: 14; }
    """

    def __init__(self, field: SettingField, text: str) -> None:
        super().__init__()
        self.field = field
        self.editor = _editor(field, text)
        self.initial = self.text
        """What was shown first."""

    def compose(self) -> ComposeResult:
        """Name and editor side by side, what is wrong below."""
        with Horizontal():
            yield Static(Content(_label(self.field)), classes="label", markup=False)
            yield self.editor
        yield Static(classes="issue", markup=False)

    @property
    def text(self) -> str:
        """What is typed or chosen."""
        match self.editor:
            case Input(value=value):
                return value
            case TextArea(text=text):
                return text
            case Select(value=str(word)):
                return word
        return ""

    def show_default(self, words: str) -> None:
        """Show what holds while nothing is typed."""
        words = sanitise_line(words)
        if isinstance(self.editor, Select):
            self.editor.prompt = words or "not set"
        elif isinstance(self.editor, Input | TextArea):
            self.editor.placeholder = words

    def show_issue(self, words: str, severity: str = "error") -> None:
        """Show what is wrong; nothing with empty words."""
        issue = self.query_one(".issue", Static)
        issue.set_class(bool(words), "-shown")
        issue.set_class(severity == "warning", "-warning")
        issue.update(Content(f"{'!' if severity == 'warning' else '✕'} {sanitise_line(words)}"))


def _editor(field: SettingField, text: str) -> Widget:
    if field.kind == "choice" and text in ("", *field.choices):
        options = [(word, word) for word in field.choices]
        # Given later, it would count and not be shown.
        value = text or Select.NULL
        return Select(options, prompt=field.default or "not set", value=value, compact=True)
    if field.kind == "lines":
        return LinesInput(sanitise(text))
    return LineInput(sanitise_line(text), field.default, password=field.kind == "secret")


def _label(field: SettingField) -> str:
    return field.key.rpartition(".")[2].replace("_", " ")
