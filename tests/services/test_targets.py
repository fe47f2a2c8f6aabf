from dataclasses import replace

from llmtui.core.history import Target
from llmtui.core.models import ProviderInfo
from llmtui.services.targets import Targets

PROVIDERS = [
    ProviderInfo("a", "A", "x", "cloud", model="a-1"),
    ProviderInfo("b", "B", "x", "local"),
    ProviderInfo("c", "C", "x", "local", model="c-1"),
]
ORDER = ["a", "c", "b"]


def test_a_provider_without_a_model_gets_the_one_last_used_there() -> None:
    targets = Targets(PROVIDERS, Target("a"))
    assert targets.current == Target("a", "a-1")
    targets.use(Target("a", "a-2"))
    targets.use(Target("c"))
    assert targets.use(Target("a")) == Target("a", "a-2")


def test_back_and_forth() -> None:
    targets = Targets(PROVIDERS, Target("a"))
    assert targets.previous() is None
    targets.use(Target("c"))
    assert targets.previous() == Target("a", "a-1")
    targets.use(targets.previous() or Target("b"))
    assert targets.previous() == Target("c", "c-1")


def test_the_next_provider_goes_round() -> None:
    targets = Targets(PROVIDERS, Target("a"))
    seen = [targets.use(targets.next_provider(ORDER)).provider for _ in range(3)]
    assert seen == ["c", "b", "a"]


def test_a_provider_that_is_no_longer_configured_stays_usable_as_a_target() -> None:
    targets = Targets(PROVIDERS, Target("gone", "old"))
    assert targets.current == Target("gone", "old")
    assert targets.next_provider(ORDER).provider == "a"


def test_other_providers_bring_their_models_unless_one_was_chosen() -> None:
    targets = Targets(PROVIDERS, Target("c"))
    targets.use(Target("a"))
    changed = [replace(info, model=f"{info.id}-9") for info in PROVIDERS]
    assert targets.configure(PROVIDERS, changed) == Target("a", "a-9")
    assert targets.use(Target("c")) == Target("c", "c-9")
    targets.use(Target("a", "chosen"))
    assert targets.configure(changed, PROVIDERS) == Target("a", "chosen")
    assert targets.use(Target("b")) == Target("b")


def test_nobody_goes_back_to_one_that_is_gone() -> None:
    targets = Targets(PROVIDERS, Target("c"))
    targets.use(Target("a"))
    assert targets.configure(PROVIDERS, PROVIDERS[:2]) == Target("a", "a-1")
    assert targets.previous() is None
    assert targets.configure(PROVIDERS[:2], PROVIDERS[1:2]) == Target("a", "a-1")
