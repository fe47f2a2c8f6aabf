from hypothesis import given
from hypothesis import strategies as st

from benchmarks.replies import SHAPES, Plan, Segment, document, read_plan

shapes = st.sampled_from(sorted(SHAPES))
spoken = st.builds(Segment, st.integers(1, 999), st.integers(0, 999))
paused = st.builds(lambda pause_s: Segment(0, pause_s=pause_s), st.integers(1, 9))
segments = st.builds(lambda first, rest: (first, *rest), spoken, st.lists(spoken | paused, max_size=3))
plans = st.builds(Plan, shapes, segments, st.integers(1, 99))


@given(shapes, st.integers(1, 1500))
def test_a_document_has_as_many_tokens_as_wanted_and_ends_in_its_mark(shape: str, tokens: int) -> None:
    found = document(shape, tokens, "END1")
    assert len(found) == tokens
    assert found[-1].strip() == "END1"
    assert "".join(found).count("END1") == 1


@given(plans, st.text(max_size=20))
def test_a_prompt_is_read_back_from_the_words_around_it(plan: Plan, noise: str) -> None:
    found = read_plan(f"{noise}\n{plan} {noise}")
    assert found == plan
    assert found.tokens() == plan.tokens()


def test_no_prompt_holds_its_mark() -> None:
    plan = Plan("prose", (Segment(10, 5),), 3)
    assert plan.mark not in str(plan)


def test_other_words_are_no_plan() -> None:
    assert read_plan("give this chat a title") is None
    assert read_plan("poem 10@5 #1") is None


def test_programs_are_told_the_same_text() -> None:
    first, second = (Plan("mixed", (Segment(600, 60),), number).tokens()[:-1] for number in (1, 2))
    assert first == second


def test_a_reply_of_the_usual_length_has_prose_a_list_two_fences_and_a_table() -> None:
    text = "".join(document("mixed", 600, "END1"))
    assert text.count("```") == 4
    assert "\n- **" in text
    assert "| --- |" in text
    assert 3200 < len(text) < 3500


def test_an_open_block_never_ends() -> None:
    for shape in ("list", "table", "fence", "paragraph"):
        text = "".join(document(shape, 400, "END1"))
        assert "\n\n" not in text
        assert text.count("```") == (shape == "fence")
