"""The keys of the second level: a small panel in the corner that the next key closes."""

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from llmtui.ui.actions import Action
from llmtui.ui.keymap import Keymap, rows

_GAP = 3
_FRAME = 4
_NARROWEST = 14
"""Cells that a key and the beginning of its label need."""
_TURNS = {"down": 1, "pagedown": 1, "up": -1, "pageup": -1}


class LeaderPanel(ModalScreen[str | None]):
    """Lists the keys that work after the leader; the next key gives its action's id, or None.

    Where they do not fit, down and up turn the pages, unless an action has these keys.

    The binding that opens it has to have priority: only then does the next key, however fast, come here.
    """

    DEFAULT_CSS = """
    LeaderPanel {
        align: right bottom;
        background: transparent;
        & > Static {
            width: auto;
            height: auto;
            min-width: 24;
            max-width: 100%;
            max-height: 100%;
            padding: 0 1;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $foreground 60%;
            background: $panel;
            color: $foreground;
        }
        &:ansi > Static { background: ansi_default; }
    }
    """

    def __init__(self, keymap: Keymap, actions: Sequence[Action] | None = None) -> None:
        """Take the actions that work now; None means all."""
        super().__init__()
        self._keymap = keymap
        self._answered = False
        self._page = self._pages = 0
        offered = keymap.leader()
        self._actions = {
            key: action for key, action in offered.items() if actions is None or action in actions
        }

    def compose(self) -> ComposeResult:
        """The panel alone."""
        panel = Static(markup=False)
        panel.border_title = self._keymap.labels("leader")[0]
        yield panel

    def on_mount(self) -> None:
        """Show the keys."""
        self._show_keys()

    def on_resize(self) -> None:
        """Arrange the columns anew."""
        self._show_keys()

    def on_key(self, event: events.Key) -> None:
        """Close with what the key means; keys typed so fast that they came here too go on to the app."""
        event.stop()
        event.prevent_default()
        if self._answered:
            self.app.post_message(events.Key(event.key, event.character))
            return
        if self._pages > 1 and event.key in _TURNS.keys() - self._actions.keys():
            self._page = (self._page + _TURNS[event.key]) % self._pages
            self._show_keys()
            return
        self._answered = True
        action = self._actions.get(event.key)
        self.dismiss(action.id if action else None)

    def _show_keys(self) -> None:
        actions = dict.fromkeys(self._actions.values())
        blocks = [
            [Content.styled(group, "dim"), *self._rows(list(members))]
            for group, members in groupby(actions, key=lambda action: action.group)
        ]
        width, height = self.app.size.width - _FRAME, self.app.size.height - 2
        lines = _side_by_side(_columns(blocks, width))
        pages = [lines]
        if len(lines) > height:
            pages = [_side_by_side(page) for page in _cramped(self._rows(list(actions)), width, height)]
        self._pages, self._page = len(pages), min(self._page, len(pages) - 1)
        panel = self.query_one(Static)
        panel.border_subtitle = "esc closes" if self._pages == 1 else "↓ more · esc closes"
        panel.update(Content("\n").join(pages[self._page] or [Content("no keys here now")]))

    def _rows(self, actions: Sequence[Action]) -> list[Content]:
        shown = list(rows(actions, lambda id: self._keymap.leader_labels(id)[:1]))
        keys_width = max(cell_len(keys) for keys, _ in shown)
        return [
            Content.assemble((keys.rjust(keys_width), "bold $accent"), "  ", action.family or action.label)
            for keys, action in shown
        ]


def _columns(blocks: Sequence[list[Content]], width: int) -> list[list[Content]]:
    """Columns of whole blocks, as low as the width allows."""
    columns: list[list[Content]] = []
    for most in range(max(map(len, blocks), default=0), sum(map(len, blocks)) + len(blocks)):
        columns = _stacked(blocks, most)
        if sum(map(_width, columns)) + _GAP * (len(columns) - 1) <= width:
            break
    return columns


def _stacked(blocks: Sequence[list[Content]], most: int) -> list[list[Content]]:
    columns: list[list[Content]] = []
    for block in blocks:
        if columns and len(columns[-1]) + 1 + len(block) <= most:
            columns[-1] += [Content(""), *block]
        else:
            columns.append(list(block))
    return columns


def _cramped(lines: list[Content], width: int, height: int) -> list[list[list[Content]]]:
    """Pages of columns without the names of groups, cut to fit a very small screen."""
    most = max(1, (width + _GAP) // (_NARROWEST + _GAP))
    count = min(most, -(-len(lines) // height))
    room = max(1, (width - _GAP * (count - 1)) // count)
    lines = [line.truncate(room, ellipsis=True) for line in lines]
    columns = [lines[at : at + height] for at in range(0, len(lines), height)]
    return [columns[at : at + count] for at in range(0, len(columns), count)]


def _side_by_side(columns: Sequence[list[Content]]) -> list[Content]:
    widths = [_width(column) for column in columns]
    padded = [
        [line.pad_right(width - line.cell_length) for line in column]
        for column, width in zip(columns, widths, strict=True)
    ]
    blank = [Content(" " * width) for width in widths]
    return [
        Content(" " * _GAP).join(
            column[y] if y < len(column) else empty for column, empty in zip(padded, blank, strict=True)
        )
        for y in range(max(map(len, columns), default=0))
    ]


def _width(column: Sequence[Content]) -> int:
    return max(line.cell_length for line in column)
