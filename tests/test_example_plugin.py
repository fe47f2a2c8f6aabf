"""The example of another package's provider, installed from its wheel beside ours in a fresh environment."""

import asyncio
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from llmtui.testing.wire_server import WireServer

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "llmtui-example-provider"
CONFIG = """\
providers:
  - {{id: mine, name: My own, kind: example, base_url: "{url}", options: {{tone: friendly}}}}
"""


def run(*argv: str | Path, cwd: Path) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with both wheels; what they depend on is this environment's."""
    folder = tmp_path_factory.mktemp("fresh")
    for project in (ROOT, EXAMPLE):
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "wheels", cwd=project)
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    wheels = sorted((folder / "wheels").glob("*.whl"))
    assert len(wheels) == 2
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", *wheels, cwd=folder)
    site = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    # Behind its own packages, and without the links of editable installs: this checkout is not imported.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    origin = run(python, "-c", "import llmtui; print(llmtui.__file__)", cwd=folder)
    assert Path(origin.strip()).is_relative_to(site)
    return python.parent


@pytest.mark.slow
def test_its_own_tests_pass(fresh: Path) -> None:
    told = run(fresh / "python", "-m", "pytest", "-v", "-p", "no:cacheprovider", cwd=EXAMPLE)
    passed = [line for line in told.splitlines() if " PASSED" in line]
    # The suite for everybody is in the installed package.
    assert sum("::TestExample::" in line for line in passed) > 100
    assert any("test_example_provider.py" in line for line in passed)


@pytest.mark.slow
def test_it_is_listed(fresh: Path, tmp_path: Path) -> None:
    (listed,) = [
        one
        for one in json.loads(run(fresh / "llmtui", "plugins", "--json", cwd=tmp_path))
        if one["distribution"] == "llmtui-example-provider"
    ]
    assert (listed["kind"], listed["version"], listed["state"]) == ("example", "1.0.0", "loaded")
    assert listed["options"]["properties"]["tone"]["enum"] == ["plain", "friendly"]
    (tmp_path / "config.yaml").write_text(CONFIG.format(url="http://127.0.0.1:1"))
    providers = run(fresh / "llmtui", "providers", "--config", "config.yaml", cwd=tmp_path)
    assert "mine  example  local  example-1  unchecked" in providers


@pytest.mark.slow
async def test_it_stands_in_the_sidebar_and_answers(fresh: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    async with WireServer() as server:
        server.reply("/models", [b'["example-1", "example-2"]'])
        reply = [b'{"text": "Here I am."}\n', b'{"tokens": [3, 4]}\n', b'{"done": "stop"}\n']
        server.reply("/chat", reply, content_type="application/x-ndjson")
        path.write_text(CONFIG.format(url=server.url))
        argv = [str(fresh / "llmtui"), "--config", str(path)]

        def use() -> None:
            with Terminal(argv, env={**os.environ, "TERM": "xterm-256color"}) as terminal:
                terminal.wait_for(lambda text: "My own" in text and "up" in text)
                terminal.type("who are you?\r")
                terminal.wait_for("Here I am.")
                terminal.type("\x07d")
                terminal.wait_for("only example")
                terminal.wait_for("friendly")

        await asyncio.to_thread(use)
