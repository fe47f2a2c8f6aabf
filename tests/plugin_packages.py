"""Packages with plugins, as pip leaves them: a module and its metadata in a folder of the path."""

from collections.abc import Mapping
from pathlib import Path

PROVIDER = """\
from llmtui.providers.base import BaseProvider, KindOptions
from llmtui.core.events import Finish, FinishReason, Start, TextDelta
from llmtui.core.models import CheckStage, CheckState, ConnectionReport

class Options(KindOptions):
    word: str = "hello"
    \"\"\"What it says.\"\"\"

class Provider(BaseProvider):
    api_version = 1
    options_model = Options
    default_model = "one"

    async def stream_chat(self, request):
        yield Start(self.id, "one")
        yield TextDelta(self.options.word)
        yield Finish(FinishReason.STOP)

    async def check(self, *, with_key=True):
        return ConnectionReport(self.id, (CheckStage("plugin", CheckState.OK),))

    async def list_models(self):
        return self.default_models()

    async def aclose(self):
        pass
"""
"""A provider that works."""


def install(
    folder: Path,
    package: str,
    source: str = PROVIDER,
    *,
    kinds: Mapping[str, str] | None = None,
    version: str = "1.2",
) -> str:
    """Put a package there and return its module's name; `kinds` maps names to what stands for them in it."""
    module = package.replace("-", "_").replace(".", "_")
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    points = "\n".join(f"{name} = {module}:{what}" for name, what in (kinds or {"third": "Provider"}).items())
    (info / "entry_points.txt").write_text(f"[llmtui.providers]\n{points}\n")
    return module
