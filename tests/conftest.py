"""What holds for every test: an empty home, no provider's variables, no network but loopback."""

import os
import re
import socket
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import pytest_socket

from llmtui.providers.embedded.weights import model_path

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
PROVIDER_VARIABLE = re.compile(
    r"^(OPENAI|ANTHROPIC|OLLAMA|LLMTUI|OPENROUTER|GROQ|MISTRAL|GEMINI|GOOGLE|HF|HUGGING)_|_proxy$",
    re.IGNORECASE,
)
# Taken here because `isolated` hides the real home.
WEIGHTS = os.environ.get("LLMTUI_TEST_WEIGHTS")
DATA = Path(platformdirs.user_data_dir("llmtui"))


@pytest.fixture(scope="session")
def embedded_weights() -> Path:
    """The real embedded model: `LLMTUI_TEST_WEIGHTS`, else what `llmtui models pull embedded` fetched."""
    weights = Path(WEIGHTS) if WEIGHTS else model_path(DATA)
    if not weights.is_file():
        pytest.skip("xllamacpp has no weights: run `llmtui models pull embedded` or set LLMTUI_TEST_WEIGHTS")
    return weights


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of this test's own, without any provider's variables and without a keyring."""
    home = tmp_path_factory.mktemp("home")
    for variable in filter(PROVIDER_VARIABLE.search, list(os.environ)):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if (host.decode() if isinstance(host, bytes) else host or "localhost") not in LOOPBACK:
            raise socket.gaierror(socket.EAI_NONAME, f"a test asked for the address of {host!r}")
        return resolve(host, *args, **kwargs)

    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    monkeypatch.setattr(socket, "getaddrinfo", guarded)
