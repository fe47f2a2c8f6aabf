from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App

from llmtui.services import logs
from llmtui.services.logs import LogReader
from llmtui.ui.modals import log_viewer
from llmtui.ui.modals.log_viewer import LogViewer
from tests.ui.pilots import DialogApp, shown, type_at_once, until

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Appends lines to a log."""

    def append(*lines: str, level: str = "INFO", name: str = "llmtui.log") -> None:
        with (tmp_path / name).open("a") as file:
            file.writelines(f"2026-11-25T04:01:14.123Z {level:<7} llmtui.x: {line}\n" for line in lines)

    return append


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the clipboard."""
    texts: list[str] = []
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setattr(App, "copy_to_clipboard", lambda self, text: texts.append(text))
    return texts


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_viewer, "FOLLOW_EVERY_S", 0.01)


def app_of(folder: Path) -> tuple[DialogApp, LogViewer]:
    viewer = LogViewer(LogReader(folder))
    return DialogApp(viewer), viewer


def marked(viewer: LogViewer) -> str:
    return viewer.view.lines[viewer.view.current].brief.rpartition(": ")[2]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_it_fills_the_screen_with_the_end_of_the_log(
    tmp_path: Path, write: Write, size: tuple[int, int]
) -> None:
    write(*(f"number {n}" for n in range(100)), "the [/x] end")
    app, _ = app_of(tmp_path)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "the [/x] end" in shown(app))
        lines = shown(app).splitlines()
        assert len(lines) == size[1]
        assert lines[0].startswith("╭─ Log: llmtui ─")
        assert "esc close" in lines[-1]
        await pilot.press("escape")
    assert app.results == [None]


async def test_new_lines_are_followed_and_nothing_is_drawn_without_any(tmp_path: Path, write: Write) -> None:
    write("one")
    app, viewer = app_of(tmp_path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "x: one" in shown(app))
        drawn: list[object] = []
        viewer.view.refresh = lambda *a, **k: drawn.append(a)  # type: ignore[assignment,method-assign]
        for _ in range(3):
            await viewer.follow()
        assert drawn == []
        del viewer.view.refresh
        write("two")
        await until(pilot, lambda: "x: two" in shown(app))
        assert marked(viewer) == "two"


async def test_who_is_further_up_is_left_there_and_told(tmp_path: Path, write: Write) -> None:
    write(*(f"number {n}" for n in range(100)))
    app, viewer = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "number 99" in shown(app))
        await pilot.press("pageup", "k", "up")
        place = marked(viewer)
        write("late")
        await until(pilot, lambda: "new lines below" in shown(app))
        assert "late" not in shown(app)
        assert marked(viewer) == place
        await pilot.press("end")
        await until(pilot, lambda: "x: late" in shown(app))
        assert "new lines below" not in shown(app)


async def test_going_up_reads_further_back_and_keeps_the_place(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_viewer, "CHUNK", 2_000)
    write(*(f"number {n}" for n in range(200)))
    app, viewer = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "number 199" in shown(app))
        held = len(viewer.view.lines)
        assert held < 50
        await pilot.press("home")
        first = marked(viewer)
        await pilot.press("up")
        await until(pilot, lambda: len(viewer.view.lines) > held)
        await until(pilot, lambda: marked(viewer) == f"number {int(first.split()[1]) - 1}")
        await pilot.press("home")
        await pilot.press("home")
        await until(pilot, lambda: len(viewer.view.lines) == 200)


async def test_levels_are_cycled(tmp_path: Path, write: Write) -> None:
    write("chatty", level="DEBUG")
    write("plain")
    write("odd", level="WARNING")
    write("bad", level="ERROR")
    app, viewer = app_of(tmp_path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "x: bad" in shown(app))
        for expected in (3, 2, 1, 4):
            await pilot.press("l")
            await until(pilot, lambda count=expected: len(viewer.view.lines) == count)  # type: ignore[misc]
        await pilot.press("l", "l", "l")
        await until(pilot, lambda: "Log: llmtui · error and above" in shown(app))
        assert "plain" not in shown(app)


async def test_tab_goes_from_log_to_log(tmp_path: Path, write: Write) -> None:
    write("mine")
    write("the model's", name="embedded.log")
    app, _ = app_of(tmp_path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "x: mine" in shown(app))
        await pilot.press("tab")
        await until(pilot, lambda: "Log: embedded" in shown(app) and "the model's" in shown(app))
        await pilot.press("tab")
        await until(pilot, lambda: "Log: llmtui" in shown(app) and "x: mine" in shown(app))


async def test_what_is_typed_is_found_going_up(tmp_path: Path, write: Write) -> None:
    write("penguin one", "else", "Penguin two", *(f"number {n}" for n in range(50)))
    app, viewer = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "number 49" in shown(app))
        type_at_once(app, "slash", "p", "e", "n", "g")
        await until(pilot, lambda: marked(viewer) == "Penguin two")
        await pilot.press("enter", "n")
        await until(pilot, lambda: marked(viewer) == "penguin one")
        await pilot.press("n")
        await until(pilot, lambda: "not found further up" in shown(app))
        await pilot.press("N")
        await until(pilot, lambda: marked(viewer) == "Penguin two")
        await pilot.press("slash")
        await until(pilot, lambda: "words to find" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "words to find" not in shown(app))
        assert app.results == []
        await pilot.press("escape")
    assert app.results == [None]


async def test_a_search_reads_as_far_back_as_it_must(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_viewer, "CHUNK", 1_000)
    write("the needle", *(f"number {n}" for n in range(500)))
    app, viewer = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "number 499" in shown(app))
        await pilot.press("slash", *"/", "ctrl+u", *"needle", "enter")
        await until(pilot, lambda: marked(viewer) == "the needle")
        assert "the needle" in shown(app)


async def test_a_line_and_the_screen_are_copied_as_they_stand_in_the_file(
    tmp_path: Path, write: Write, copied: list[str]
) -> None:
    write(*(f"number {n}" for n in range(100)))
    app, _ = app_of(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "number 99" in shown(app))
        await pilot.press("C")
        await until(pilot, lambda: "characters sent" in shown(app))
        await pilot.press("up", "c")
        await until(pilot, lambda: len(copied) == 2)
    screen, line = copied
    assert screen.splitlines()[-1] == "2026-11-25T04:01:14.123Z INFO    llmtui.x: number 99"
    assert len(screen.splitlines()) == 22
    assert line == "2026-11-25T04:01:14.123Z INFO    llmtui.x: number 98"


async def test_long_and_wide_lines_are_broken_and_none_is_lost(tmp_path: Path, write: Write) -> None:
    write("a" * 100 + "z", "漢" * 60 + "字", "")
    app, viewer = app_of(tmp_path)
    async with app.run_test(size=(40, 24)) as pilot:
        await until(pilot, lambda: "字" in shown(app))
        text = "".join(line.strip("│▁ ") for line in shown(app).splitlines()[1:-1])
        assert "a" * 100 + "z" in text
        assert text.count("漢") == 60
        await pilot.press("home")
        assert marked(viewer).endswith("z")


async def test_without_any_log_it_says_so(tmp_path: Path) -> None:
    app, _ = app_of(tmp_path / "nowhere")
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Log: llmtui · nothing" in shown(app))
        await pilot.press("up", "pageup", "home", "end", "c", "n", "escape", "escape")
    assert app.results == [None]


async def test_it_holds_no_more_than_the_most(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (logs, log_viewer):
        monkeypatch.setattr(module, "MOST", 3_000)
    monkeypatch.setattr(log_viewer, "CHUNK", 1_000)
    write(*(f"number {n}" for n in range(500)))
    app, viewer = app_of(tmp_path)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "number 499" in shown(app))
        await pilot.press("slash", *"no such thing", "enter")
        await until(pilot, lambda: "not found further up" in shown(app))
        assert sum(len(line.text) for line in viewer.view.lines) <= 3_000
