"""The connection test as a person sees it, by its keys."""

import asyncio
from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult

from llmtui.core.errors import LlmtuiError
from llmtui.core.models import CheckStage, CheckState, ConnectionReport, Remedy, StageListener
from llmtui.ui.widgets.connection_test import ConnectionTest
from tests.ui.pilots import shown, until

RUNNING = CheckState.RUNNING
NAME = CheckStage("name", CheckState.OK, "127.0.0.1", 0.012)
HTTP = CheckStage("http", CheckState.FAILED, "a login page titled '[/x] \x1b[2J'", 0.5)
AWAY = ConnectionReport(
    "p", (NAME, HTTP), hint="install it", remedies=(Remedy("get it", "https://o/d"), Remedy("or", "brew i"))
)
GOOD = ConnectionReport("p", (NAME, CheckStage("context", CheckState.SKIPPED, "unknown")))
TOKEN = ConnectionReport("p", (CheckStage("token", CheckState.OK, "m answers: 'Hi'", 0.8),))


class Server:
    """A connection whose stages come when the test lets them."""

    token_effect = "loads m into memory"

    def __init__(self, report: ConnectionReport = GOOD, token: ConnectionReport = TOKEN) -> None:
        self.report, self.token = report, token
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.left = 0

    async def test(self, told: StageListener) -> ConnectionReport:
        self.asked.append("test")
        return await self._answer(self.report, told)

    async def ask_token(self, told: StageListener) -> ConnectionReport:
        self.asked.append("token")
        return await self._answer(self.token, told)

    async def _answer(self, report: ConnectionReport, told: StageListener) -> ConnectionReport:
        try:
            for stage in report.stages:
                told(CheckStage(stage.name, RUNNING))
                if stage is report.stages[-1]:
                    await self.gate.wait()
                told(stage)
        except asyncio.CancelledError:
            self.left += 1
            raise
        return report


class TestApp(App[None]):
    __test__ = False

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.ended: list[ConnectionReport] = []
        self.copied: list[str] = []
        self.escapes = 0

    BINDINGS = [("escape", "leave", "Leave")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield ConnectionTest(self.server)

    def on_mount(self) -> None:
        self.query_one(ConnectionTest).focus()

    def on_connection_test_ended(self, event: ConnectionTest.Ended) -> None:
        self.ended.append(event.report)

    def action_leave(self) -> None:
        self.escapes += 1

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


@pytest.fixture(autouse=True)
def _no_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)


def lines(app: App[None]) -> Sequence[str]:
    return [" ".join(line.split()) for line in shown(app).splitlines() if line.strip()]


async def test_nothing_is_asked_before_a_key_and_the_token_only_after_its_own() -> None:
    app = TestApp(Server())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: lines(app) == ["t tests the connection"])
        await pilot.press("o", "c")
        assert app.server.asked == []
        await pilot.press("t")
        await until(pilot, lambda: bool(app.ended))
        assert app.server.asked == ["test"]
        await until(pilot, lambda: len(lines(app)) == 5)
        assert lines(app) == [
            "✓ name ok · 12 ms · 127.0.0.1",
            "– context skipped · unknown",
            "the connection works",
            "o asks for one token: loads m into memory",
            "t tests the connection",
        ]
        await pilot.press("o")
        await until(pilot, lambda: len(app.ended) == 2)
        assert app.server.asked == ["test", "token"]
        assert app.ended[-1].stages == (*GOOD.stages, *TOKEN.stages)
        await until(pilot, lambda: "✓ token ok · 800 ms · m answers: 'Hi'" in lines(app))
        await pilot.press("o")
        await until(pilot, lambda: len(app.ended) == 3)
        assert app.ended[-1].stages == (*GOOD.stages, *TOKEN.stages)


async def test_stages_are_shown_as_they_come_and_esc_cancels_before_it_closes() -> None:
    app = TestApp(Server())
    app.server.gate.clear()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "… context asking" in lines(app))
        assert lines(app) == ["✓ name ok · 12 ms · 127.0.0.1", "… context asking", "esc cancels"]
        await pilot.press("escape")
        await until(pilot, lambda: "cancelled" in lines(app))
        assert (app.server.left, app.escapes, app.ended) == (1, 0, [])
        assert lines(app) == ["✓ name ok · 12 ms · 127.0.0.1", "cancelled", "t tests the connection"]
        await pilot.press("o")
        assert app.server.asked == ["test"]
        await pilot.press("escape")
        assert app.escapes == 1


async def test_a_new_test_takes_the_place_of_the_one_that_runs() -> None:
    app = TestApp(Server())
    app.server.gate.clear()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "… context asking" in lines(app))
        await pilot.press("t")
        await until(pilot, lambda: len(app.server.asked) == 2)
        app.server.gate.set()
        await until(pilot, lambda: bool(app.ended))
        assert (app.server.left, len(app.ended)) == (1, 1)


async def test_what_helps_is_shown_and_copied_one_by_one_and_never_run() -> None:
    app = TestApp(Server(AWAY))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: bool(app.ended))
        await until(pilot, lambda: len(lines(app)) == 7)
        assert lines(app) == [
            "✓ name ok · 12 ms · 127.0.0.1",
            "✕ http FAILED · 500 ms · a login page titled '[/x] \N{SYMBOL FOR ESCAPE}[2J'",
            "→ install it",
            "get it: https://o/d",
            "or: brew i",
            "c copies: https://o/d",
            "t tests the connection",
        ]
        await pilot.press("c")
        await until(pilot, lambda: any("sent to the terminal" in line for line in lines(app)))
        assert "c copies: brew i" in lines(app)
        await pilot.press("c", "c")
        await until(pilot, lambda: app.copied == ["https://o/d", "brew i", "https://o/d"])
        await pilot.press("o")
        assert app.server.asked == ["test"]


async def test_a_token_that_does_not_come_leaves_what_was_found() -> None:
    token = ConnectionReport("p", (CheckStage("token", CheckState.FAILED, "no memory"),), hint="buy some")
    token = ConnectionReport("p", token.stages, hint="buy some", error=LlmtuiError("no memory"))
    app = TestApp(Server(token=token))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: bool(app.ended))
        await pilot.press("o")
        await until(pilot, lambda: len(app.ended) == 2)
        assert not app.ended[-1].ok
        await until(pilot, lambda: "→ buy some" in lines(app))
        assert "✓ name ok · 12 ms · 127.0.0.1" in lines(app)


async def test_a_long_line_goes_on_below_its_words() -> None:
    stage = CheckStage("context", CheckState.OK, "8,192 tokens " * 8)
    app = TestApp(Server(ConnectionReport("p", (stage,))))
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: bool(app.ended))
        await until(pilot, lambda: "the connection works" in lines(app))
        first, second, *_ = (line for line in shown(app).splitlines() if line.strip())
        assert second.index("8,192") == first.index("ok")
