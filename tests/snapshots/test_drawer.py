"""What the settings drawer looks like."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from llmtui.core.models import CheckStage, CheckState, ConnectionReport
from llmtui.ui.app import LlmtuiApp
from llmtui.ui.modals.settings_drawer import SettingsDrawer
from llmtui.ui.widgets.setting_row import SettingRow
from tests.ui.pilots import until
from tests.ui.screens.desk import services_at

CONFIG = """\
providers:
  - id: gateway
    kind: openai_compat
    name: Gateway
    base_url: https://me:secret@llm.example.com/v1
    api_key: ${GATEWAY_KEY}
    model: my-org/my-model
    temperature: 0.7
    headers: {X-Team: search}
    health: "off"
    system_prompt: |-
      Answer briefly.
      Say so when you do not know.
  - {id: small, kind: scripted, options: {tokens_per_s: null}}
"""
REFUSED = ConnectionReport(
    "gateway",
    (
        CheckStage("name", CheckState.OK, "203.0.113.7", 0.012),
        CheckStage("tcp", CheckState.OK, "port 443", 0.031),
        CheckStage("tls", CheckState.OK, "TLSv1.3", 0.044),
        CheckStage("http", CheckState.OK, "status 401", 0.122),
        CheckStage("auth", CheckState.FAILED, "Incorrect API key provided [/x]"),
    ),
    hint="check the API key of this provider",
)
Run = Callable[[Pilot[None]], Coroutine[None, None, None]]
Compare = Callable[..., bool]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmtuiApp]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_KEY", "sk-secret")
    # A relative path looks the same wherever the test runs.
    services = services_at(Path(), {}, config=CONFIG)
    yield LlmtuiApp(services)
    asyncio.run(services.close())


def drawer_after(*keys: str, theme: str = "midnight", report: ConnectionReport | None = None) -> Run:
    """Open the drawer and press keys in it."""

    async def run(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await pilot.pause()
        await pilot.press("ctrl+g", "d")
        drawer = pilot.app.screen
        assert isinstance(drawer, SettingsDrawer)
        await until(pilot, lambda: bool(drawer.query(SettingRow)) and drawer.focused is not None)
        await pilot.press(*keys)
        if report is not None:
            drawer.report.show(report)
            drawer.query_one("VerticalScroll").scroll_end(animate=False)
        await pilot.pause()

    return run


WRONG = ("tab", "tab", "tab", *"sk-typed", "tab", "tab", *"x")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_fresh(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=drawer_after())


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_wrong(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=drawer_after(*WRONG))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
def test_report(app: LlmtuiApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=drawer_after(report=REFUSED))


@pytest.mark.parametrize("theme", ["paper", "ansi-dark"])
def test_theme(app: LlmtuiApp, snap_compare: Compare, theme: str) -> None:
    run = drawer_after(*WRONG, theme=theme, report=REFUSED)
    assert snap_compare(app, terminal_size=(100, 40), run_before=run)


@pytest.mark.parametrize("theme", ["midnight", "ansi-dark"])
def test_choice(app: LlmtuiApp, snap_compare: Compare, theme: str) -> None:
    keys = (*("tab",) * 7, "enter", "down")
    assert snap_compare(app, terminal_size=(100, 30), run_before=drawer_after(*keys, theme=theme))


def test_unsaved(app: LlmtuiApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=(80, 24), run_before=drawer_after("x", "escape"))
