'''The contract of a provider as one suite, for those of llmtui and of others alike.

A package's tests describe their provider by one case, and pytest collects the rest:

    from llmtui.testing.conformance import ConformanceSuite, ProviderCase

    @pytest.fixture
    def case() -> ProviderCase:
        return ProviderCase("acme", build, AcmeEncoder(), "/v1/chat")

    class TestAcme(ConformanceSuite):
        """Acme keeps the contract."""

`build` makes the provider from the settings of a config file, the encoder renders the scenarios into Acme's
wire, and `traits` leaves out what Acme does not have. What is left out is skipped, and says why. It runs on
loopback, and needs pytest and pytest-asyncio: `pip install llmtui[testing]`.
'''

import pytest

PARTS = ("asking", "checks", "connections", "faults", "refusals", "replies", "requests", "secrets")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from llmtui.testing.cases import TRAITS, ProviderCase, Trait  # noqa: E402
from llmtui.testing.conformance.checks import Checks  # noqa: E402
from llmtui.testing.conformance.connections import Connections  # noqa: E402
from llmtui.testing.conformance.faults import Faults  # noqa: E402
from llmtui.testing.conformance.refusals import Refusals  # noqa: E402
from llmtui.testing.conformance.replies import Replies  # noqa: E402
from llmtui.testing.conformance.requests import Requests  # noqa: E402
from llmtui.testing.conformance.secrets import Secrets  # noqa: E402

__all__ = ["TRAITS", "ConformanceSuite", "ProviderCase", "Trait"]


@pytest.mark.asyncio
@pytest.mark.filterwarnings("error::ResourceWarning")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
class ConformanceSuite(Replies, Checks, Connections, Faults, Refusals, Requests, Secrets):
    """All that a provider owes; its tests ask for a fixture `case`."""
