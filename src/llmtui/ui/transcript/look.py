"""How the transcript looks: its style sheet, and the ink that follows from it and the theme."""

from __future__ import annotations

from dataclasses import replace

from textual.app import App
from textual.style import Style
from textual.widget import Widget

from llmtui.ui.transcript.ink import CodeTheme, Ink

CSS = """
Transcript {
    height: 1fr;
    overflow-x: hidden;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    scrollbar-background: $background;
    scrollbar-background-hover: $background;
    scrollbar-background-active: $background;
    scrollbar-color: $foreground 20%;
    scrollbar-color-hover: $foreground 40%;
    scrollbar-color-active: $foreground 40%;
    &:ansi { scrollbar-color: ansi_bright_black; }
    & > .transcript--you { color: $text-accent; text-style: bold; }
    & > .transcript--title { color: $text-secondary; text-style: bold; }
    & > .transcript--muted { color: $foreground 55%; }
    & > .transcript--rule { color: $foreground 30%; }
    & > .transcript--heading-1 { color: $text-accent; text-style: bold underline; }
    & > .transcript--heading-2 { color: $text-accent; text-style: bold; }
    & > .transcript--heading-3 { text-style: bold; }
    & > .transcript--strong { text-style: bold; }
    & > .transcript--emphasis { text-style: italic; }
    & > .transcript--strike { text-style: strike; }
    & > .transcript--code { background: $foreground 10%; }
    & > .transcript--code-block { background: $foreground 5%; }
    & > .transcript--bullet { color: $text-accent; }
    & > .transcript--table-header { text-style: bold; }
    & > .transcript--link { color: $text-primary; text-style: underline; }
    & > .transcript--thought { color: $foreground 60%; text-style: italic; }
    & > .transcript--error { color: $text-error; text-style: bold; }
    & > .transcript--warning { color: $text-warning; text-style: bold; }
    & > .transcript--cursor { color: $accent; }
    & > .transcript--arrived { color: auto; background: $accent; text-style: bold; }
    &:ansi > .transcript--muted { text-style: dim; }
    &:ansi > .transcript--rule { text-style: dim; }
    &:ansi > .transcript--thought { text-style: dim italic; }
    &:ansi > .transcript--code { color: $secondary; text-style: bold; }
    &:ansi > .transcript--arrived { color: $accent; background: $background; text-style: reverse; }
}
"""

COMPONENT_CLASSES = {
    "transcript--you",
    "transcript--title",
    "transcript--muted",
    "transcript--rule",
    "transcript--heading-1",
    "transcript--heading-2",
    "transcript--heading-3",
    "transcript--strong",
    "transcript--emphasis",
    "transcript--strike",
    "transcript--code",
    "transcript--code-block",
    "transcript--bullet",
    "transcript--table-header",
    "transcript--link",
    "transcript--thought",
    "transcript--error",
    "transcript--warning",
    "transcript--cursor",
    "transcript--arrived",
}


def appearance(widget: Widget) -> tuple[object, ...]:
    """Everything of the theme that finished lines depend on."""
    styles = (_component(widget, name) for name in sorted(COMPONENT_CLASSES))
    return (widget.app.current_theme, widget.visual_style, *styles)


def ink_for(widget: Widget, width: int) -> Ink:
    """The ink for a width, in the theme the widget is shown in."""

    def resolve(name: str) -> Style:
        if name.startswith("."):
            return _component(widget, f"transcript--{name[1:]}")
        return Style.parse(name) if name else Style()

    return Ink(width, widget.visual_style, resolve, _code_theme(widget.app))


def _component(widget: Widget, name: str) -> Style:
    """A component class as a layer over other styles: only what its rules set.

    Textual's own `get_visual_style(partial=True)` makes an opaque background transparent.
    """
    styles = widget.get_component_styles(name)
    style = Style.from_styles(styles)
    return style if styles.has_rule("color") else replace(style, foreground=None)


def _code_theme(app: App[object]) -> CodeTheme:
    if not app.native_ansi_color:
        return "colours"
    return "ansi-dark" if app.current_theme.dark else "ansi-light"
