from zlib import crc32

import pytest
from textual.color import Color
from textual.style import Style

from llmtui.ui.transcript.ink import Ink


def _named(name: str) -> Style:
    """A style of its own for every name, so that a wrong style shows."""
    number = crc32(name.encode())
    return Style(foreground=Color(number & 255, number >> 8 & 255, number >> 16 & 255))


@pytest.fixture(scope="session")
def ink() -> Ink:
    return Ink(60, Style(background=Color(0, 0, 0), foreground=Color(255, 255, 255)), _named)
