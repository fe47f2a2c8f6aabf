"""A list without a frame."""

from textual.widgets import OptionList


class BareOptions(OptionList):
    """One line for each option, cut at the edge; what is drawn is never markup."""

    DEFAULT_CSS = """
    BareOptions {
        height: auto;
        padding: 0;
        border: none;
        background: transparent;
        scrollbar-size: 0 1;
        scrollbar-gutter: stable;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:focus { border: none; background-tint: 0%; }
        & > .option-list--option-highlighted {
            color: $foreground;
            background: transparent;
            text-style: none;
        }
        &:focus > .option-list--option-highlighted {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & > .option-list--option-disabled { color: $foreground 60%; }
        &:ansi > .option-list--option-disabled { color: ansi_default; }
        /* Not `reverse`: Textual leaves that out of an option's style. */
        &:nocolor:focus > .option-list--option-highlighted { text-style: bold underline; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)

    @property
    def room(self) -> int:
        """Columns of a line."""
        return self.scrollable_content_region.width
