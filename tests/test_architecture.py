"""What the parts may cost and hold: imports at start, plain public names, what the wheel carries."""

import ast
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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 400


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
