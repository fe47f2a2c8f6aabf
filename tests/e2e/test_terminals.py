"""The driver's law in real terminals: xterm.js and tmux show the same with it as without."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmtui.ui.driver.capabilities import Capabilities
from llmtui.ui.driver.shadow import Shadow
from tests.ui.driver.frames import FRAMES, HEIGHT, WIDTH, Emulator, Placed, scrolls, written

pytestmark = pytest.mark.slow

XTERM = "@xterm/headless@6.0.0"
SCRIPTS = st.lists(FRAMES, max_size=6) | scrolls()
START = "\x1b[?1049h\x1b[?7l"
Show = Callable[[str], object]


def recordings(script: list[list[Placed]], can: Capabilities) -> tuple[str, str]:
    """What goes to the terminal without the driver, and with it."""
    shadow = Shadow(can)
    shadow.resize(WIDTH, HEIGHT)
    cursor = (HEIGHT - 1, 3)
    plain = "".join(written(frame, cursor) for frame in script)
    thrifty = "".join(shadow.feed(written(frame, cursor)) + shadow.frame() for frame in script)
    return START + plain, START + thrifty


@pytest.fixture(scope="module")
def xterm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    """Shows in xterm.js."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("xterm.js needs node and npm")
    folder = tmp_path_factory.mktemp("xterm")
    install = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, XTERM],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        pytest.skip(f"{XTERM} cannot be installed: {install.stderr.strip()}")
    module = folder / "node_modules/@xterm/headless"
    argv = [node, str(Path(__file__).with_name("xterm.cjs")), str(module)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def show(data: str) -> object:
            assert process.stdin
            assert process.stdout
            request = {"width": WIDTH, "height": HEIGHT, "data": data}
            print(json.dumps(request), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield show
        process.kill()


@pytest.fixture(scope="module")
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    """Shows in a window of tmux."""
    program = shutil.which("tmux")
    if not program:
        pytest.skip("tmux is not installed")
    folder = tmp_path_factory.mktemp("tmux")
    base = [program, "-S", str(folder / "socket"), "-f", "/dev/null"]
    numbers = count()

    def run(*arguments: str) -> str:
        return subprocess.run([*base, *arguments], capture_output=True, text=True, check=True).stdout

    def show(data: str) -> object:
        recording = folder / "recording"
        recording.write_text(data)
        channel = f"shown-{next(numbers)}"
        # Answers a query behind the recording once it has drawn all of it.
        drawn = r"printf '\033[5n'; head -c 4 >/dev/null"
        command = f"stty raw -echo; cat {recording}; {drawn}; tmux wait-for -S {channel}; sleep 60"
        run("respawn-pane", "-k", command)
        run("wait-for", channel)
        cursor = run("display-message", "-p", "#{cursor_x},#{cursor_y}")
        emulator = Emulator()
        for row, text in enumerate(run("capture-pane", "-p", "-e", "-N").rstrip("\n").split("\n")):
            emulator.write(f"\x1b[{row + 1};1H{text}")
        return cursor, emulator.cells()

    run("new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), "sleep 60")
    run("set-option", "-g", "status", "off")
    run("resize-window", "-x", str(WIDTH), "-y", str(HEIGHT))
    yield show
    subprocess.run([*base, "kill-server"], capture_output=True, check=False)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCRIPTS)
def test_xterm_shows_the_same(xterm: Show, script: list[list[Placed]]) -> None:
    plain, thrifty = recordings(script, Capabilities(True, True, True))
    assert xterm(thrifty) == xterm(plain)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCRIPTS)
def test_tmux_shows_the_same(tmux: Show, script: list[list[Placed]]) -> None:
    # As terminfo has it for tmux and screen.
    plain, thrifty = recordings(script, Capabilities(scrolls_regions=True))
    assert tmux(thrifty) == tmux(plain)
