"""The embedded provider on the stand-in library, without a model."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from llmtui.config.paths import Paths
from llmtui.config.schema import ProviderSettings
from llmtui.providers.embedded.provider import EmbeddedProvider
from tests.providers.embedded.gguf_files import gguf_bytes

LIBRARY = Path(__file__).parent / "library"
Build = Callable[..., EmbeddedProvider]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Places of this test's own."""
    return Paths(tmp_path / "config.yaml", tmp_path / "data", tmp_path / "log", tmp_path / "cache")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have child processes find the stand-in library instead of the real one."""
    monkeypatch.setenv("PYTHONPATH", str(LIBRARY))
    monkeypatch.syspath_prepend(str(LIBRARY))
    return LIBRARY


@pytest.fixture
def model_file(tmp_path: Path) -> Callable[[str], Path]:
    """Make a model file; its name tells the stand-in what to do."""

    def make(name: str = "good") -> Path:
        path = tmp_path / f"{name}.gguf"
        values = [("general.architecture", "llama"), ("llama.context_length", 2048)]
        path.write_bytes(gguf_bytes(values))
        return path

    return make


@pytest.fixture
async def build(paths: Paths) -> AsyncIterator[Build]:
    """Build embedded providers that are closed when the test ends."""
    async with AsyncExitStack() as stack:

        def make(options: dict[str, Any] | None = None, **settings: Any) -> EmbeddedProvider:
            values = ProviderSettings(id="embedded", kind="embedded", options=options or {}, **settings)
            provider = EmbeddedProvider(values, paths=paths)
            stack.push_async_callback(provider.aclose)
            return provider

        yield make
