"""What a person is told who tests the connection."""

from llmtui.core.models import CheckStage, CheckState
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import asked


class Checks:
    """Both checks ask for no token, and the full one tells its stages as they come."""

    async def test_a_full_test_tells_the_stages_that_it_reports(self, case: ProviderCase) -> None:
        """All of them, in their order, and none of them still running."""
        async with asked(case) as (provider, server):
            told: list[CheckStage] = []
            report = await provider.examine(told.append)
            assert not case.chats(server)
        assert report.stages
        assert report.provider == provider.id
        assert [stage for stage in told if stage.state is not CheckState.RUNNING] == list(report.stages)
        assert all(stage.state is not CheckState.RUNNING for stage in report.stages)

    async def test_a_check_stops_at_its_first_failure(self, case: ProviderCase) -> None:
        """What comes behind it would only repeat it."""
        provider = case.at("http://127.0.0.1:9")
        try:
            reports = [await provider.check(), await provider.examine(lambda _: None)]
        finally:
            await provider.aclose()
        for report in reports:
            assert report.failure is report.stages[-1]
            assert report.failure.detail
