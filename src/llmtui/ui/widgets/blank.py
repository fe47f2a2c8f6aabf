"""Containers of which nothing is seen but their children: painting a row costs no styling of theirs."""

from typing import ClassVar

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Blank(Widget):
    """Draws its background, the same lines until its size or style changes."""

    BLANK: ClassVar[bool] = True
    _lines: tuple[Region, list[Strip]] | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The background."""
        if self._lines is None or self._lines[0] != crop:
            self._lines = crop, super().render_lines(crop)
        return self._lines[1]

    def notify_style_update(self) -> None:
        """Draw the background anew."""
        super().notify_style_update()
        self._lines = None


class Columns(Horizontal, Blank):
    """Children side by side."""


class Rows(Vertical, Blank):
    """Children one under the other."""
