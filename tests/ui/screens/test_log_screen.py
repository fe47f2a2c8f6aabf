import logging
from pathlib import Path

import pytest
from textual.app import App

from llmtui.core.logs import LogFormatter
from llmtui.core.redaction import Redactor
from llmtui.ui.messages import JobFailed
from llmtui.ui.modals.log_viewer import LogViewer
from tests.ui.pilots import until
from tests.ui.screens.desk import running_app

CANARY = "canary-0123456789"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "llmtui")
    return caplog


async def test_the_leader_and_w_show_the_log(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "w")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, LogViewer))
        await desk.press("escape")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)


async def test_a_job_that_failed_is_logged_with_its_traceback(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async with running_app(tmp_path) as desk:
        desk.screen.post_message(JobFailed("probe", ZeroDivisionError("a bug")))
        await desk.settle()
    [record] = [record for record in log.records if "job failed" in record.getMessage()]
    assert record.getMessage() == "job failed job=probe"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_crash_is_logged_and_its_report_shows_no_secret(
    tmp_path: Path, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = logging.NullHandler()
    handler.setFormatter(LogFormatter(Redactor([CANARY])))
    logging.getLogger().addHandler(handler)
    reports: list[str] = []
    monkeypatch.setattr(App, "panic", lambda self, *texts: reports.extend(map(str, texts)))

    def crash() -> None:
        local = CANARY
        raise RuntimeError(f"with {local}")

    async def run() -> None:
        async with running_app(tmp_path) as desk:
            desk.screen.call_next(crash)
            await desk.settle()
            desk.app.exit()

    try:
        with pytest.raises(RuntimeError, match="with canary"):
            await run()
    finally:
        logging.getLogger().removeHandler(handler)
    [record] = [record for record in log.records if record.getMessage() == "the app crashed"]
    assert "RuntimeError: with [redacted]" in handler.format(record)
    assert CANARY not in handler.format(record)
    [report] = reports
    assert report.startswith("Traceback (most recent call last):")
    assert report.rstrip().endswith("RuntimeError: with [redacted]")
    assert CANARY not in report


async def test_what_the_config_says_and_how_providers_are_is_logged(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async with running_app(tmp_path, keys={"nonsense": "f9"}):
        lines = [record.getMessage() for record in log.records]
    assert "health provider=fake was=unchecked now=ready" in lines
    assert any(line.startswith('config problem="keys: ') and "nonsense" in line for line in lines)
