"""What helps when no Ollama listens: not installed, not running, or elsewhere."""

from pathlib import Path

import pytest

from llmtui.core.models import Remedy
from llmtui.providers.ollama import install
from llmtui.providers.ollama.install import DOWNLOAD, installed, when_refused

DEFAULT = "http://127.0.0.1:11434"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(install, "PLACES", (str(tmp_path / "opt" / "ollama"),))
    monkeypatch.setattr(install, "SERVICE", tmp_path / "ollama.service")
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def program(place: Path) -> Path:
    place.parent.mkdir(exist_ok=True)
    place.write_text("#!/bin/sh\nexit 1\n")
    place.chmod(0o755)
    return place


async def test_not_installed() -> None:
    advice = await when_refused(DEFAULT)
    assert advice.hint.startswith(
        "Ollama is not installed on this machine, and nothing listens on port 11434"
    )
    assert advice.remedies == (
        Remedy("get it", DOWNLOAD),
        Remedy("or by", "curl -fsSL https://ollama.com/install.sh | sh"),
    )


async def test_installed_and_not_running(bare: Path) -> None:
    program(bare / "ollama")
    advice = await when_refused(DEFAULT)
    assert f"is installed ({bare}/ollama) but nothing listens on port 11434" in advice.hint
    assert advice.remedies == (Remedy("start it", "ollama serve"),)


async def test_installed_beside_the_path_at_another_port(bare: Path) -> None:
    place = program(bare / "opt" / "ollama")
    advice = await when_refused("http://localhost:1234")
    assert [remedy.text for remedy in advice.remedies] == [f"OLLAMA_HOST=127.0.0.1:1234 {place} serve"]


async def test_its_service_is_what_to_start(bare: Path) -> None:
    program(bare / "ollama")
    (bare / "ollama.service").touch()
    texts = [remedy.text for remedy in (await when_refused(DEFAULT)).remedies]
    assert texts == ["sudo systemctl start ollama", "ollama serve"]


async def test_another_machine_is_told_apart(bare: Path) -> None:
    program(bare / "ollama")
    advice = await when_refused("http://gpu-box:11434")
    assert "nothing listens on port 11434 of gpu-box" in advice.hint
    assert advice.remedies == (Remedy("start it on gpu-box", "OLLAMA_HOST=0.0.0.0:11434 ollama serve"),)


def test_what_cannot_be_run_is_not_installed(bare: Path) -> None:
    (bare / "ollama").write_text("a text")
    assert installed() is None
