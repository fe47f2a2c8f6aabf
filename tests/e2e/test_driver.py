"""The thrifty driver under the whole program."""

from collections.abc import Callable

from tests.e2e.conftest import Start
from tests.e2e.test_chat import ENTER, QUICK

REPAINT = "\x0c"


def test_the_screen_is_the_plain_drivers(start: Start, config: Callable[[str], str]) -> None:
    screens, sizes = [], []
    for driver in ("plain", "thrifty"):
        terminal = start("--config", config(QUICK), "--driver", driver, size=(80, 24))
        terminal.wait_for("Message")
        for number in range(12):
            terminal.type(f"{number} good morning" + ENTER)
            terminal.wait_for(f"You said: {number} good morning")
        terminal.wait_quiet()
        screens.append([row for row in terminal.screen.display if "tok" not in row and " up " not in row])
        sizes.append(len(terminal.written))
    assert screens[0] == screens[1]
    assert sizes[1] * 3 < sizes[0]


def test_what_others_wrote_over_it_is_drawn_again_on_demand(
    start: Start, config: Callable[[str], str]
) -> None:
    terminal = start("--config", config(QUICK))
    terminal.wait_for("Message")
    terminal.wait_quiet()
    before = terminal.text
    terminal.screen.erase_in_display(2)
    assert "Message" not in terminal.text
    terminal.type(REPAINT)
    terminal.wait_for(before.__eq__)


def test_another_size_is_drawn_whole(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK), size=(120, 40))
    terminal.wait_for("Message")
    terminal.type("good morning" + ENTER)
    terminal.wait_for("You said: good morning")
    for columns, rows in ((80, 24), (100, 30), (120, 40)):
        terminal.screen.erase_in_display(2)
        terminal.resize(columns, rows)
        terminal.wait_for(lambda text: "Message" in text and "You said: good morning" in text)


def test_a_slow_link_gets_the_latest_frame(start: Start, config: Callable[[str], str]) -> None:
    terminal = start("--config", config(QUICK), size=(80, 24), bytes_per_s=4_000)
    terminal.wait_for("Message")
    for number in range(8):
        terminal.type(f"{number} good morning" + ENTER)
        terminal.pump(0.2)
    terminal.wait_for("You said: 7 good morning")
    terminal.wait_quiet()
    written = len(terminal.written)
    before = terminal.text
    terminal.type(REPAINT)
    terminal.wait_for(lambda _: len(terminal.written) > written)
    terminal.wait_quiet()
    assert terminal.text == before
