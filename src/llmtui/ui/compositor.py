"""Textual's compositor, less the widgets that a change does not touch."""

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class LeanCompositor(Compositor):
    """Renders what lies where something changed.

    Textual 8.2 renders all of every widget whose container lies there: title, status and sidebar for each
    word of a reply.
    """

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            return super()._get_renders()
        visible = self.visible_widgets
        self._visible_widgets = {
            widget: (region, clip)
            for widget, (region, clip) in visible.items()
            if crop.overlaps(region.intersection(clip))
        }
        try:
            return list(super()._get_renders(crop))
        finally:
            self._visible_widgets = visible
