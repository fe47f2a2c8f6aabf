import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import Run
from tests.plugin_packages import PROVIDER, install

Config = Callable[[str], str]


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """An environment in which three packages are installed."""
    folder = tmp_path / "site"
    install(folder, "good-thing", kinds={"good": "Provider"})
    install(folder, "bad-thing", "import no_such_sdk\n", kinds={"bad": "Provider"})
    install(folder, "unwanted", PROVIDER + "raise SystemExit('imported')\n", kinds={"extra": "Provider"})
    return {"PYTHONPATH": str(folder)}


async def test_the_kinds_are_listed_with_their_packages(
    run: Run, config: Config, site: dict[str, str]
) -> None:
    path = config("plugins: {disabled: [Unwanted]}\n")
    finished = await run("plugins", "--config", path, env=site)
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert lines[0].split() == ["KIND", "PACKAGE", "VERSION", "STATE"]
    rows = {line.split()[0]: line.split(None, 3)[1:] for line in lines[1:]}
    assert rows["ollama"][2] == "built in"
    assert rows["groq"][0] == "llmtui"
    assert rows["groq"][2] == "built in, a row of openai_compat"
    assert rows["good"] == ["good-thing", "1.2", "loaded"]
    assert rows["bad"] == ["bad-thing", "1.2", "broken: ModuleNotFoundError: No module named 'no_such_sdk'"]
    assert rows["extra"] == ["unwanted", "1.2", "disabled"]


async def test_as_json_each_kind_tells_its_options(run: Run, site: dict[str, str]) -> None:
    finished = await run("plugins", "--json", env=site)
    assert (finished.code, finished.err) == (0, "")
    kinds = {one["kind"]: one for one in json.loads(finished.out)}
    good = kinds["good"]
    assert good["options"]["properties"]["word"]["description"] == "What it says."
    assert (good["distribution"], good["object"], good["state"]) == (
        "good-thing",
        "good_thing:Provider",
        "loaded",
    )
    assert (kinds["bad"]["options"], kinds["extra"]["error"]) == (None, "SystemExit: imported")
    assert "num_ctx" in kinds["ollama"]["options"]["properties"]
    assert kinds["groq"].keys() == kinds["ollama"].keys()
    assert (
        kinds["groq"]["options"]["properties"].keys()
        == kinds["openai_compat"]["options"]["properties"].keys()
    )


async def test_a_provider_of_anothers_kind_is_listed_and_asked(
    run: Run, config: Config, site: dict[str, str]
) -> None:
    path = config("providers:\n  - {id: mine, kind: good, options: {word: Hi!}}\n  - {id: lost, kind: bad}\n")
    listed = await run("providers", "--config", path, env=site)
    assert "mine  good  cloud  one    unchecked" in listed.out
    assert "error: the provider plugin 'bad_thing:Provider' is broken: ModuleNotFoundError" in listed.out
    asked = await run("ask", "--config", path, "-p", "mine", "hello", env=site)
    assert (asked.code, asked.out) == (0, "Hi!\n")
