"""Servers of others on loopback, which speak the wires as their authors understood them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from llmtui.core.ports import Provider
from llmtui.providers.embedded import child
from tests.providers import real_ollama
from tests.providers.conftest import build

AIMOCK = "@copilotkit/aimock@1.43.0"
KEY = "sk-peer-0123456789"
LISTENING = "listening on "
ROOTS = {"openai_compat": "/v1", "openai": "/v1", "anthropic": "", "gemini": "", "ollama": ""}
"""Where each adapter's `base_url` is on a server that speaks all wires."""


class CannotStart(Exception):
    """This peer is not to be had here, and why."""


@dataclass(frozen=True)
class Peer:
    """A server of others that runs."""

    url: str

    def provider(self, kind: str, **settings: Any) -> Provider:
        """An adapter that speaks to it."""
        base_url = f"{self.url}{ROOTS[kind]}"
        return build(
            {"id": "peer", "kind": kind, "base_url": base_url, "model": "m", "api_key": KEY, **settings}
        )

    def last_request(self) -> Any:
        """The body of the last request, as aimock has noted it."""
        headers = {"authorization": f"Bearer {KEY}"}
        journal = httpx.get(f"{self.url}/__aimock/journal", headers=headers, trust_env=False)
        return journal.json()[-1]["body"]


@contextmanager
def aimock(folder: Path, fixtures: list[dict[str, Any]]) -> Iterator[Peer]:
    """CopilotKit's mock server from npm, which answers by these fixtures; raises CannotStart."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        raise CannotStart("aimock needs node and npm")
    install = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, AIMOCK],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        raise CannotStart(f"{AIMOCK} cannot be installed: {install.stderr.strip()}")
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": fixtures}))
    program = folder / "node_modules/@copilotkit/aimock/dist/cli.js"
    argv = [node, program, "-h", "127.0.0.1", "-p", "0", "-f", folder / "fixtures.json"]
    environ = {**os.environ, "AIMOCK_API_KEYS": KEY}
    with (folder / "errors").open("w") as errors, _running(argv, errors, env=environ) as process:
        assert process.stdout
        for line in process.stdout:
            if LISTENING in line:
                yield Peer(line.rpartition(LISTENING)[2].strip())
                return
        raise CannotStart(f"{AIMOCK} did not start: {(folder / 'errors').read_text()}")


@contextmanager
def xllamacpp(folder: Path, weights: Path) -> Iterator[Peer]:
    """The server of llama.cpp with a real model; raises CannotStart."""
    if find_spec("xllamacpp") is None:
        raise CannotStart("xllamacpp is not installed")
    order = {"model_path": str(weights), "model": "m", "key": KEY, "n_ctx": 2048, "parallel": 2, "threads": 2}
    argv = [sys.executable, child.__file__]
    with (folder / "errors").open("w") as errors, _running(argv, errors, stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        print(json.dumps(order), file=process.stdin, flush=True)
        report = json.loads(process.stdout.readline() or '{"failed": "it ended without a word"}')
        if "failed" in report:
            raise CannotStart(f"xllamacpp did not start: {report['failed']}")
        yield Peer(report["ready"])


@contextmanager
def ollama(folder: Path) -> Iterator[Peer]:
    """A real Ollama without models, which keeps them in a folder; raises CannotStart."""
    try:
        with real_ollama.running(folder) as url:
            yield Peer(url)
    except real_ollama.CannotBuild as reason:
        raise CannotStart(str(reason)) from None


@contextmanager
def _running(argv: list[Any], errors: Any, **options: Any) -> Iterator["subprocess.Popen[str]"]:
    options |= {"stdout": subprocess.PIPE, "stderr": errors, "text": True}
    # A session of its own: what stands at `node` may be a script that starts the real one.
    with subprocess.Popen(argv, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
