"""The settings drawer in tmux: a wrong key, a right one, another address, and what the file says then."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tmux import Tmux
from tests.gatekeeper import gatekeeper

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
GOOD = "sk-good-canary-0123456789"
CONFIG = """\
# my providers
default_provider: work
providers:
  # the gateway of work
  - id: work
    model: "m-1" # the small one
    kind: openai_compat
    base_url: {url}/v1 # moves now and then
    api_key: ${{WORK_KEY}} # from the vault
    system_prompt: ${{GREETING}}

  - {{id: fake, kind: scripted}} # to try things
"""


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def tmux(
    request: pytest.FixtureRequest, tmp_path: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tmux]:
    monkeypatch.setenv("WORK_KEY", "sk-wrong")
    monkeypatch.setenv("GREETING", "Be brief.")
    terminal = Tmux(tmp_path, *request.param)
    yield terminal
    terminal.stop()


async def test_a_provider_is_set_up(tmux: Tmux) -> None:
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "llmtui"
    folder.mkdir(parents=True)
    path = folder / "config.yaml"
    async with gatekeeper(GOOD) as old, gatekeeper(GOOD) as new:
        path.write_text(CONFIG.format(url=old.url))
        path.chmod(0o644)
        await asyncio.to_thread(_set_up, tmux, f"{new.url}/v1", new.address[1])
        paths = [request.path for request in new.requests]
        assert "/v1/chat/completions" in paths
        assert not any(request.path.endswith("completions") for request in old.requests)

    key = folder / "keys" / "work"
    expected = CONFIG.format(url=new.url).replace(
        "api_key: ${WORK_KEY} # from the vault", f"api_key: # from the vault\n      file: {key}"
    )
    assert path.read_text() == expected
    assert key.read_text().strip() == GOOD
    for file in (path, key):
        assert file.stat().st_mode & 0o777 == 0o600


def _set_up(tmux: Tmux, address: str, port: int) -> None:
    """What a person does who got a key, and a while later another address."""
    tmux.start()
    tmux.wait_for("Ask anything")
    tmux.type("C-g", "d")
    tmux.wait_for("Settings of work", "from the variable WORK_KEY")
    tmux.type("C-t")
    tmux.wait_for("✕ auth", "FAILED", "Incorrect API key provided")

    tmux.type("Tab", "Tab", "Tab", GOOD)
    tmux.wait_for("goes to the system keyring", "•" * len(GOOD))
    tmux.type("C-t")
    screen = tmux.wait_for("✓ auth", "✓ models", "the connection works")
    assert "✕" not in _drawer(screen)
    assert GOOD not in screen

    tmux.type("BTab", "C-u", address)
    tmux.wait_for(address)
    tmux.type("C-t")
    tmux.wait_for(f"port {port}", "the connection works")

    tmux.type("F2")
    tmux.wait_for("work: saved", "keys/work, readable only by you")
    tmux.type("hello", "Enter")
    tmux.wait_for("one two", "first")


def _drawer(screen: str) -> str:
    """What stands at the right of the drawer's left edge."""
    return "\n".join(line.partition("│")[2] for line in screen.splitlines())
