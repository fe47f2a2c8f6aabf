"""All that a server tells of one model, to be scrolled through."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from llmtui.core.model_admin import ModelDetails
from llmtui.core.text import sanitise, sanitise_line
from llmtui.ui.clipboard import copy
from llmtui.ui.modals.dialog import Dialog
from llmtui.ui.widgets.flash import Flash


class ModelDetailsView(Dialog[None]):
    """Facts first, then the texts, each below its title."""

    AUTO_FOCUS = "VerticalScroll"
    KEYS: ClassVar[str] = "↑ ↓ scroll · c copy the Modelfile · esc close"

    DEFAULT_CSS = """
    ModelDetailsView {
        & > .frame { width: 96; height: 90%; max-height: 100%; }
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
        & VerticalScroll > Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "copy_modelfile", "Copy", show=False)]

    def __init__(self, details: ModelDetails) -> None:
        super().__init__(sanitise_line(details.name))
        self._details = details

    def compose_body(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll():
            yield Static(Content("\n").join(_sections(self._details)), markup=False)
        yield Flash()

    async def action_copy_modelfile(self) -> None:
        """Copy what the model was made by."""
        text = sanitise(self._details.modelfile)
        said = await copy(self.app, text) if text else "the server tells no Modelfile"
        self.query_one(Flash).show(said)


def _sections(details: ModelDetails) -> Iterator[Content]:
    column = max((len(label) for label in details.facts), default=0)
    for label, value in details.facts.items():
        yield Content.assemble(
            (f"{sanitise_line(label):<{column}}  ", "$foreground-muted"), sanitise_line(value)
        )
    texts = {
        "SYSTEM": details.system,
        "PARAMETERS": details.parameters,
        "TEMPLATE": details.template,
        "LICENCE": details.licence,
    }
    for title, text in texts.items():
        if text.strip():
            yield Content("")
            yield Content.styled(title, "bold $accent")
            yield Content(sanitise(text).strip("\n"))
