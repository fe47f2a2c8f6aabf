"""Every built-in provider keeps the contract that those of others keep."""

from llmtui.testing.conformance import ConformanceSuite


class TestBuiltIn(ConformanceSuite):
    """By each case of conftest."""
