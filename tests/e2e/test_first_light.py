"""What a stranger does first, in tmux, with the real embedded model."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tmux import Tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


@pytest.fixture(params=[(120, 40), (80, 24)], ids=["120x40", "80x24"])
def tmux(
    request: pytest.FixtureRequest, tmp_path: Path, isolated: Path, embedded_weights: Path
) -> Iterator[Tmux]:
    models = Path(os.environ["XDG_DATA_HOME"]) / "llmtui" / "models"
    models.mkdir(parents=True)
    (models / embedded_weights.name).symlink_to(embedded_weights)
    terminal = Tmux(tmp_path, *request.param)
    yield terminal
    terminal.stop()


def test_a_stranger_asks_switches_and_pulls_the_plug(tmux: Tmux) -> None:
    pid = tmux.start()
    tmux.wait_for("Ask anything")
    tmux.type("What is the capital of France?", "Enter")
    tmux.wait_for("Paris", "tok/s")

    tmux.type("C-g", "2")
    tmux.wait_for("claude")
    tmux.type("C-t")
    tmux.wait_for("SmolLM2-135M-Instruct · embedded", "local")

    tmux.type("Tell me a very long story about the sea.", "Enter")
    tmux.wait_for("writing 1 s")
    os.kill(pid, signal.SIGKILL)
    tmux.stop()
    tmux.start()
    tmux.wait_for("Tell me a very long story about the sea.", "interrupted")

    tmux.type("C-g", "n")
    tmux.wait_for("continued")
