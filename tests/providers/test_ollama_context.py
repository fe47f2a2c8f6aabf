"""The context that a model gets is the one that is told."""

import re

from hypothesis import given
from hypothesis import strategies as st

from llmtui.providers.ollama.context import choose_context, context_words
from llmtui.providers.ollama.models import CONTEXT_STEP, ModelFacts

TOKENS = st.none() | st.integers(1, 2_000_000)


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_the_first_who_says_a_number_is_obeyed(
    trained: int | None, wanted: int | None, kept: int | None, loaded: int | None
) -> None:
    facts = ModelFacts(trained_context=trained)
    choice = choose_context(facts, wanted=wanted, kept=kept, loaded=loaded)
    assert choice.num_ctx == (wanted or kept or loaded or facts.num_ctx)
    assert choice.reason


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_no_more_is_told_than_the_model_was_trained_for(
    trained: int | None, wanted: int | None, kept: int | None, loaded: int | None
) -> None:
    facts = ModelFacts(trained_context=trained)
    choice = choose_context(facts, wanted=wanted, kept=kept, loaded=loaded)
    words = context_words(choice, facts, loaded)
    told = int(re.match(r"[\d,]+", words)[0].replace(",", ""))  # type: ignore[index]
    assert told == min(choice.num_ctx, trained or choice.num_ctx)
    assert ("trained for no more" in words) is (choice.num_ctx - told >= CONTEXT_STEP)
    assert ("loaded anew" in words) is (loaded not in (None, told, choice.num_ctx))
