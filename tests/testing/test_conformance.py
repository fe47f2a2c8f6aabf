"""The suite in the hands of another package: it runs without our settings, and finds what it is for."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict

import pytest

PACKAGE = '''
import os
from contextlib import suppress

import pytest

from llmtui.config.schema import ProviderSettings
from llmtui.core.errors import IncompleteStream, ProviderError
from llmtui.core.events import Finish, FinishReason
from llmtui.providers.openai_compat import Endpoint, OpenAICompatProvider
from llmtui.testing.conformance import TRAITS, ConformanceSuite, ProviderCase
from llmtui.testing.encoders.chat_completions import ChatCompletionsEncoder


class Sound(OpenAICompatProvider):
    """A provider as it should be."""


class CallsItDone(OpenAICompatProvider):
    async def stream_chat(self, request):
        with suppress(IncompleteStream):
            async for event in super().stream_chat(request):
                yield event
        yield Finish(FinishReason.STOP)


class TriesAgain(OpenAICompatProvider):
    async def stream_chat(self, request):
        with suppress(ProviderError):
            async for event in super().stream_chat(request):
                yield event
            return
        async for event in super().stream_chat(request):
            yield event


class ReadsTheEnvironment(OpenAICompatProvider):
    async def endpoint(self):
        return Endpoint((await super().endpoint()).base_url, os.environ.get("OPENAI_API_KEY"))


class StaysOpen(OpenAICompatProvider):
    async def aclose(self):
        pass


def case_of(provider):
    def build(settings):
        return provider(ProviderSettings.model_validate(settings))

    traits = TRAITS - {"images"}
    return ProviderCase("acme", build, ChatCompletionsEncoder(), "/chat/completions", traits=traits)


@pytest.fixture
def case():
    return case_of(Sound)


class TestSound(ConformanceSuite):
    """All tests."""


@pytest.mark.parametrize("case", [case_of(CallsItDone)])
class TestCallsItDone(ConformanceSuite):
    """A cut reply looks complete."""


@pytest.mark.parametrize("case", [case_of(TriesAgain)])
class TestTriesAgain(ConformanceSuite):
    """Nobody sees how often it asks."""


@pytest.mark.parametrize("case", [case_of(ReadsTheEnvironment)])
class TestReadsTheEnvironment(ConformanceSuite):
    """One vendor's key goes to the other."""


@pytest.mark.parametrize("case", [case_of(StaysOpen)])
class TestStaysOpen(ConformanceSuite):
    """Its connections outlive it."""
'''
FAULTS = {
    "TestCallsItDone": "test_a_cut_inside_an_event_is_incomplete",
    "TestTriesAgain": "test_only_our_one_retry_layer_sends_again",
    "TestReadsTheEnvironment": "test_nothing_of_the_environment_reaches_the_wire",
    "TestStaysOpen": "test_closing_the_provider_closes_its_connections",
}
HARMLESS = "test_usage_is_a_snapshot_and_not_a_sum"
Outcomes = dict[str, dict[str, set[str]]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """How each class's tests ended, in a folder without any settings."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "test_acme.py").write_text(PACKAGE)
    chosen = ["TestSound", *(f"{broken}::{test}" for broken, test in FAULTS.items())]
    chosen += [f"{broken}::{HARMLESS}" for broken in FAULTS]
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
    run = subprocess.run(
        [*argv, *(f"test_acme.py::{name}" for name in chosen)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    found: Outcomes = defaultdict(lambda: defaultdict(set))
    for test in ElementTree.parse(folder / "report.xml").iter("testcase"):
        name, _, suite = test.attrib["name"].partition("[")[0], *test.attrib["classname"].rpartition(".")[1:]
        found[suite][name].add(test[0].tag if len(test) else "passed")
    return found


def test_a_package_keeps_the_contract_by_its_case_alone(outcomes: Outcomes) -> None:
    ended = outcomes["TestSound"]
    assert not [name for name, ways in ended.items() if not ways <= {"passed", "skipped"}]
    assert ended["test_an_image_arrives_as_it_was"] == {"skipped"}
    assert ended["test_a_tool_is_called_and_its_result_goes_back"] == {"passed"}
    assert ended.keys() >= {*FAULTS.values(), HARMLESS}


@pytest.mark.parametrize("broken", FAULTS)
def test_what_breaks_the_contract_is_found(outcomes: Outcomes, broken: str) -> None:
    assert "failure" in outcomes[broken][FAULTS[broken]]
    assert outcomes[broken][HARMLESS] == {"passed"}
