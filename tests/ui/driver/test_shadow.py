"""The law of the driver: whatever Textual writes, the terminal shows the same with it as without."""

from hypothesis import given
from hypothesis import strategies as st

from llmtui.ui.driver.capabilities import Capabilities
from llmtui.ui.driver.shadow import Shadow
from tests.ui.driver.frames import FRAMES, HEIGHT, WIDTH, Emulator, Placed, scrolls, written

ABILITIES = st.builds(Capabilities, st.booleans(), st.booleans(), st.booleans())
CURSORS = st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))


@given(st.lists(FRAMES, max_size=6) | scrolls(), CURSORS, ABILITIES)
def test_terminal_shows_what_textual_drew(
    script: list[list[Placed]], cursor: tuple[int, int], can: Capabilities
) -> None:
    plain, thrifty, shadow = Emulator(), Emulator(), Shadow(can)
    shadow.resize(WIDTH, HEIGHT)
    for frame in script:
        plain.write(written(frame, cursor))
        thrifty.write(shadow.feed(written(frame, cursor)) + shadow.frame())
        assert thrifty.cells() == plain.cells()
        assert thrifty.cursor == plain.cursor
