import subprocess
import sys

import pytest

PROBE = "from llmtui.ui.driver.capabilities import capabilities_of as of; print(of({terminal!r}))"


@pytest.mark.parametrize(
    ("terminal", "wanted"),
    [
        ("xterm-256color", (True, True, True)),
        ("screen-256color", (False, False, True)),
        ("of-nobody", (False, False, True)),
        ("dumb", (False, False, False)),
    ],
)
def test_terminfo_is_asked(terminal: str, wanted: tuple[bool, ...]) -> None:
    # In a process of its own: curses keeps the first terminal that it was asked about.
    asked = subprocess.run(
        [sys.executable, "-c", PROBE.format(terminal=terminal)], capture_output=True, text=True, check=True
    )
    colours, erases, scrolls = wanted
    assert asked.stdout.strip() == (
        f"Capabilities(colours_erased={colours}, erases_characters={erases}, scrolls_regions={scrolls})"
    )
