"""The log file, written in this process and by commands."""

import asyncio
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmtui.cli import logs
from llmtui.cli.logs import LogFile, log_failure, set_level, start_log
from llmtui.config.paths import user_paths
from llmtui.core.errors import ConfigError, ServerError
from llmtui.core.logs import keep_out_of_logs
from tests.cli.commands import Run

CANARY = "canary-0123456789"
Config = Callable[[str], str]
Read = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log"


@pytest.fixture
def written(folder: Path) -> Iterator[Read]:
    """Starts the log; ends it and returns its lines without their times."""
    stop = start_log(folder)
    stopped: list[bool] = []

    def read() -> list[str]:
        stop()
        stopped.append(True)
        return [re.sub(r"^\d\S+Z ", "", line) for line in (folder / logs.NAME).read_text().splitlines()]

    yield read
    if not stopped:
        stop()
    for name in ("", logs.OURS):
        logging.getLogger(name).setLevel(logging.WARNING if not name else logging.NOTSET)


def users_log() -> str:
    return (user_paths().log_dir / logs.NAME).read_text()


def test_it_is_for_its_owner_only(written: Read, folder: Path) -> None:
    folder.mkdir(mode=0o755, parents=True)
    logging.getLogger("llmtui.x").info("hello")
    assert written()[0] == "INFO    llmtui.x: hello"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / logs.NAME).stat().st_mode & 0o777 == 0o600


def test_known_secrets_and_what_looks_like_one_stay_out(written: Read) -> None:
    keep_out_of_logs([CANARY])
    log = logging.getLogger("llmtui.x")
    log.info("a %s and x-api-key: abc", CANARY)
    try:
        raise RuntimeError(CANARY)
    except RuntimeError:
        log.exception("failed")
    text = "\n".join(written())
    assert CANARY not in text
    assert "a [redacted] and x-api-key: [redacted]" in text
    assert "RuntimeError: [redacted]" in text


@pytest.mark.parametrize(
    ("level", "ours", "library"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["info", "warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_levels(written: Read, level: str, ours: list[str], library: list[str]) -> None:
    set_level(level)
    # As an SDK does when its own variable asks for it; what it says then holds headers and prompts.
    logging.getLogger("openai").setLevel(logging.DEBUG)
    for name in ("llmtui.x", "openai"):
        for said in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(name), said)("said %s", said)
    lines = [line.split() for line in written() if "said" in line]
    logging.getLogger("openai").setLevel(logging.NOTSET)
    assert [line[-1] for line in lines if line[1] == "llmtui.x:"] == ours
    assert [line[-1] for line in lines if line[1] == "openai:"] == library


def test_nothing_reaches_standard_error(folder: Path) -> None:
    """Warnings, a dying thread, a library, a record that cannot be formatted."""
    code = (
        "import logging, threading, warnings, sys\n"
        "from pathlib import Path\n"
        "from llmtui.cli.logs import start_log\n"
        "start_log(Path(sys.argv[1]))\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "logging.getLogger('some.library').error('from a library')\n"
        "logging.getLogger('llmtui').info('%d', 'no number')\n"
        "warnings.warn('mind the gap')\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start(); thread.join()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("", "")
    text = (folder / logs.NAME).read_text()
    for expected in ("from a library", "mind the gap", "ZeroDivisionError", "ended seconds="):
        assert expected in text


def test_a_folder_that_cannot_be_made_stops_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    stop = start_log(tmp_path / "file" / "log")
    logging.getLogger("llmtui.x").info("lost")
    stop()
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_stops_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder.mkdir(parents=True)
    (folder / logs.NAME).symlink_to("/dev/full")
    stop = start_log(folder)
    for number in range(100):
        logging.getLogger("llmtui.x").error("lost %s %s", number, "x" * 200)
    stop()
    assert capfd.readouterr() == ("", "")


def test_it_is_rotated_and_keeps_three_files(written: Read, folder: Path) -> None:
    for number in range(400):
        logging.getLogger("llmtui.x").info("%s %s", number, "x" * 10_000)
    written()
    assert sorted(path.name for path in folder.iterdir()) == ["llmtui.log", "llmtui.log.1", "llmtui.log.2"]
    assert all(path.stat().st_size <= logs.LARGEST for path in folder.iterdir())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_two_processes_share_the_files(folder: Path) -> None:
    """Who has rotated need not tell: the other one goes over to the new file."""
    one, other = LogFile(folder / logs.NAME), LogFile(folder / logs.NAME)

    def write(file: LogFile, text: str) -> None:
        file.handle(logging.LogRecord("x", logging.INFO, "x.py", 1, text, (), None))

    write(other, "before")
    write(one, "x" * (logs.LARGEST - 10))
    write(one, "rotated")
    write(other, "after")
    assert (folder / logs.NAME).read_text() == "rotated\nafter\n"
    for file in (one, other):
        file.close()


def test_a_servers_words_are_not_logged_but_a_bugs_traceback_is(written: Read) -> None:
    log_failure(ServerError("you asked: tell me a secret"))
    log_failure(ConfigError("no provider 'x'"))
    log_failure(ValueError("a bug"))
    lines = written()
    assert lines[0] == "ERROR   llmtui.cli.logs: command failed error=ServerError"
    assert lines[1].endswith("""error=ConfigError message="no provider 'x'\"""")
    assert "ValueError: a bug" in "\n".join(lines[2:])


def test_stopping_leaves_logging_as_it_was(folder: Path) -> None:
    before = list(logging.getLogger().handlers)
    start_log(folder)()
    assert logging.getLogger().handlers == before
    assert logging.raiseExceptions
    assert threading.excepthook is threading.__excepthook__
    with pytest.warns(UserWarning, match="seen"):
        warnings.warn("seen", stacklevel=1)


ASKS = f"""
providers:
  - {{id: fake, kind: scripted, options: {{tokens_per_s: null}}}}
  - id: gone
    kind: openai_compat
    base_url: http://me:{CANARY}@127.0.0.1:1/v1
    api_key: {CANARY}-key
    model: x
network: {{proxy: "http://me:{CANARY}-proxy@127.0.0.1:1"}}
"""


async def test_a_command_logs_what_it_did_and_never_what_was_said(run: Run, config: Config) -> None:
    path = config(ASKS)
    assert (await run("--config", path, "ask", "tell me about penguins")).code == 0
    assert (await run("--config", path, "ask", "-p", "gone", "penguins?")).code == 10
    text = users_log()
    started, request, ended = text.splitlines()[:3]
    assert f"started command=ask version=0.1.0 python={sys.version.split()[0]} " in started
    assert f"config={path}" in started
    assert "request provider=fake model=echo outcome=complete finish=stop seconds=" in request
    assert "ended seconds=" in ended
    assert "request provider=gone host=127.0.0.1:1 outcome=ConnectError" in text
    assert "command failed error=ConnectError" in text
    assert "penguins" not in text
    assert CANARY not in text


async def test_the_option_goes_over_the_config(run: Run, config: Config) -> None:
    path = config(f"{ASKS}log_level: error\n")
    await run("--config", path, "ask", "hello")
    assert not (user_paths().log_dir / logs.NAME).exists()
    await run("--config", path, "ask", "--log-level", "info", "hello")
    assert "outcome=complete" in users_log()


@pytest.mark.parametrize("arguments", [["--log-level", "loud"], ["ask", "--log-level", "loud", "x"]])
async def test_an_unknown_level_is_refused(run: Run, arguments: list[str]) -> None:
    finished = await run(*arguments)
    assert finished.code == 2
    assert "invalid choice: 'loud'" in finished.err


async def test_a_broken_config_is_logged(run: Run, config: Config) -> None:
    await run("--config", config("theme: [\n"), "ask", "x")
    assert "command failed error=ConfigError" in users_log()


async def test_a_home_that_cannot_be_written_stops_nothing(run: Run, config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finished = await run(
        "--config", config(ASKS), "ask", "hello", env={"XDG_STATE_HOME": str(tmp_path / "file")}
    )
    assert (finished.code, finished.out, finished.err) == (0, "You said: hello\n", "")


async def test_an_sdks_own_variable_brings_nothing_to_the_screen_or_the_log(run: Run, config: Config) -> None:
    path = config(
        "providers: [{id: c, kind: anthropic, base_url: 'http://127.0.0.1:1', api_key: k1234567}]\n"
    )
    finished = await run("--config", path, "ask", "penguins", env={"ANTHROPIC_LOG": "debug"})
    assert finished.code == 10
    assert "DEBUG" not in finished.err
    assert "penguins" not in users_log()


async def test_the_version_loads_no_log(isolated: Path) -> None:
    code = (
        "import sys\nfrom llmtui.cli.main import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\nassert 'logging' not in sys.modules"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=dict(os.environ))
    assert await process.wait() == 0
