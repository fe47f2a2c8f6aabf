"""What the parts may cost and hold: imports at start, plain public names, what the wheel carries."""

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "llmtui"
MODULES = sorted(SOURCE.rglob("*.py"))
SDKS = {"anthropic", "openai", "ollama", "xllamacpp", "httpx2", "keyring"}
HEAVY = SDKS | {"textual", "rich", "pydantic", "yaml", "httpx", "sqlite3", "asyncio"}


def imported_by(code: str) -> set[str]:
    """The top-level packages that some code loads, in an interpreter of its own."""
    program = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_the_version_loads_nothing_heavy() -> None:
    code = "from llmtui.cli.main import main\ntry: main(['--version'])\nexcept SystemExit: pass"
    assert imported_by(code) & HEAVY == set()


def test_a_quiet_pull_starts_at_once() -> None:
    assert imported_by("import llmtui.cli.main, llmtui.cli.models") & HEAVY == set()


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("llmtui.ui.app", {"textual", "rich", "asyncio"}),
        ("llmtui.cli.tui", HEAVY - SDKS - {"textual", "rich", "httpx"}),
        ("llmtui.cli.ask", HEAVY - SDKS - {"textual", "rich"}),
        ("llmtui.core.ports", {"asyncio"}),
    ],
)
def test_an_import_costs_only_what_it_may(module: str, allowed: set[str]) -> None:
    assert imported_by(f"import {module}") & HEAVY <= allowed


def test_the_app_is_built_without_sdk_http_and_markdown() -> None:
    code = (
        "from llmtui.bootstrap import build_services\n"
        "from llmtui.config.loader import load_settings\n"
        "from llmtui.config.paths import user_paths\n"
        "from llmtui.ui.app import LlmtuiApp\n"
        "LlmtuiApp(build_services(load_settings(None, {'ANTHROPIC_API_KEY': 'sk'}), user_paths()))"
    )
    assert imported_by(code) & (SDKS | {"httpx", "markdown_it", "pygments"}) == set()


FIRST_FRAME = """
import json, sys
from llmtui.ui.screens.main import MainScreen

async def first_frame(screen):
    await screen._painted.wait()
    rows = [strip.text for strip in screen._compositor.render_strips()]
    print(json.dumps({"screen": rows, "modules": sorted(sys.modules)}), file=sys.__stdout__)
    screen.app.exit()

MainScreen.begin = first_frame
from llmtui.bootstrap import build_services
from llmtui.config.loader import load_settings
from llmtui.config.paths import user_paths
from llmtui.ui.app import LlmtuiApp
environ = {"ANTHROPIC_API_KEY": "sk", "OPENAI_API_KEY": "sk", "GROQ_API_KEY": "sk"}
LlmtuiApp(build_services(load_settings(None, environ), user_paths())).run(headless=True, size=(120, 40))
"""
OWN_MODULES, FOREIGN_MODULES = 172, 500
"""Each module costs a third of a millisecond or more: whoever needs another one has to raise a bound."""
LATER = (
    *("providers.wires", "providers.openai", "providers.openai_compat", "providers.vendor_adapters"),
    *("providers.anthropic", "providers.ollama.provider", "ui.modals"),
)
"""What the first frame does not need of ours."""


def test_the_first_frame_comes_before_sdks_adapters_and_the_database(tmp_path: Path) -> None:
    places = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    environ = {**os.environ, **places, "HOME": str(tmp_path), "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    run = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME], env=environ, capture_output=True, text=True, check=True
    )
    seen = json.loads(run.stdout.splitlines()[-1])
    assert {"Claude", "Groq"} <= set("\n".join(seen["screen"]).split())
    modules = set(seen["modules"])
    tops = {name.partition(".")[0] for name in modules}
    assert tops & (SDKS | {"httpx", "markdown_it", "pygments", "ruamel"}) == set()
    # The one reads every package's metadata; the other builds the first validator, for a dozen milliseconds.
    assert modules & {"importlib.metadata", "pydantic.plugin._loader"} == set()
    own = {name.removeprefix("llmtui.") for name in modules if name.startswith("llmtui.")}
    late = tuple(f"{name}." for name in LATER)
    assert {name for name in own if f"{name}.".startswith(late)} == set()
    assert len(own) <= OWN_MODULES
    assert len(modules) - len(own) <= FOREIGN_MODULES
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 400


def test_only_the_conformance_suite_imports_pytest() -> None:
    importers = {path for path in MODULES if "\nimport pytest" in path.read_text("utf-8")}
    assert {path.parent for path in importers} == {SOURCE / "testing" / "conformance"}
    assert "pytest" not in imported_by("import llmtui.testing.cases, llmtui.testing.laws")


@pytest.mark.slow
def test_the_wheel_carries_themes_and_example(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    themes = {f"llmtui/themes/{path.name}" for path in (ROOT / "themes").glob("*.yaml")}
    assert themes
    assert themes | {"llmtui/config.example.yaml", "llmtui/py.typed"} <= names
    assert {f"llmtui/{path.relative_to(SOURCE)}" for path in MODULES} <= names
