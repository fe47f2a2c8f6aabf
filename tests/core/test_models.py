from llmtui.core.conversation import Opaque, ToolCallPart
from llmtui.core.models import (
    Capabilities,
    CheckStage,
    CheckState,
    ConnectionReport,
    Fact,
    Limit,
)


def test_known_facts_go_over_unknown_ones() -> None:
    live = Capabilities(tools=Fact.no("live"), context_window=Limit(8192, "live"))
    base = Capabilities(tools=Fact.yes(), image=Fact.yes(), max_output=Limit(100, "provider"))
    merged = live.over(base)
    assert merged.tools == Fact(False, "live")
    assert merged.image == Fact(True, "provider")
    assert merged.context_window == Limit(8192, "live")
    assert merged.max_output == Limit(100, "provider")
    assert merged.audio == Fact(None, "unknown")


def test_a_known_unknown_hides_what_stands_below() -> None:
    assert Capabilities(tools=Fact(None, "override")).over(Capabilities(tools=Fact.yes())).tools == Fact(
        None, "override"
    )


def test_a_report_is_ok_when_no_stage_failed() -> None:
    connect = CheckStage("connect", CheckState.OK, duration_s=0.25)
    key = CheckStage("key", CheckState.FAILED, "refused", duration_s=0.5)
    models = CheckStage("models", CheckState.SKIPPED)
    assert ConnectionReport("p", (connect, models)).ok
    report = ConnectionReport("p", (connect, key, models))
    assert not report.ok
    assert report.failure is key
    assert report.latency_s == 0.75


def test_arguments_parse_into_an_object_or_nothing() -> None:
    assert ToolCallPart("1", "t", '{"a": 1}').parsed() == {"a": 1}
    assert ToolCallPart("1", "t", "").parsed() == {}
    assert ToolCallPart("1", "t", "[1]").parsed() is None
    assert ToolCallPart("1", "t", "{oops").parsed() is None


def test_opaque_data_is_hidden_and_belongs_to_one_model() -> None:
    opaque = Opaque("p", "m", "secret")
    assert "secret" not in repr(opaque)
    assert opaque.belongs_to("p", "m")
    assert not opaque.belongs_to("p", "other")
