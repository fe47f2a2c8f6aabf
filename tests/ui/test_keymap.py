import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.ui.actions import BY_ID
from llmtui.ui.keymap import Keymap, validate_keymap


def problems_of(keys: dict[str, str]) -> str:
    return "\n".join(validate_keymap(keys)[1])


def test_an_unknown_action_is_named_with_a_close_one() -> None:
    assert problems_of({"pick-modle": "ctrl+o"}) == (
        "keys: there is no action 'pick-modle'; did you mean 'pick-model'?"
    )


def test_a_chosen_key_wins_over_the_tables_and_that_is_said() -> None:
    keymap, problems = validate_keymap({"fork": "ctrl+o"})

    assert keymap.direct("fork") == ("ctrl+o",)
    assert keymap.direct("pick-model") == ()
    assert problems == ["keys: ctrl+o is taken by fork, so pick-model goes without"]


def test_of_two_choices_of_one_key_the_first_gets_it() -> None:
    keymap, problems = validate_keymap({"fork": "f4", "regenerate": "f4"})

    assert keymap.direct("fork") == ("f4",)
    assert keymap.after_leader("regenerate") == ("r",)
    assert problems == ["keys: f4 is taken by fork, so regenerate goes without"]


def test_two_actions_may_swap_their_keys() -> None:
    keymap, problems = validate_keymap({"pick-model": "ctrl+t", "previous-model": "ctrl+o"})

    assert problems == []
    assert keymap.textual() == {"pick-model": "ctrl+t", "previous-model": "ctrl+o"}


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("ctrl+i", "arrives as tab"),
        ("ctrl+m", "arrives as enter"),
        ("ctrl+[", "arrives as escape"),
        ("ctrl+1", "does not exist"),
        ("alt+1", "arrives as another character"),
        ("ctrl+s", "flow control"),
        ("ctrl+b", "tmux"),
        ("ctrl+k", "edits text"),
        ("super+k", "does not exist"),
    ],
)
def test_a_key_that_may_not_arrive_is_warned_of_and_taken(keys: str, reason: str) -> None:
    keymap, problems = validate_keymap({"fork": keys})

    assert [problem for problem in problems if reason in problem]
    assert keymap.labels("fork") == (keys,)


def test_a_key_that_may_not_arrive_is_fine_beside_one_that_does() -> None:
    assert problems_of({"new-line": "shift+enter"})
    assert not problems_of({"new-line": "shift+enter, ctrl+j"})


@pytest.mark.parametrize("keys", ["ctrl+foo", "nokey", "ctrl+", "foo+a"])
def test_a_key_that_does_not_exist_changes_nothing(keys: str) -> None:
    keymap, problems = validate_keymap({"fork": keys})

    assert problems == [f"keys: fork: there is no key {keys!r}"]
    assert keymap.textual() == {}


def test_a_plain_character_would_make_the_prompt_useless() -> None:
    assert "people type" in problems_of({"pick-model": "m"})
    assert "people type" in problems_of({"send": "space"})
    assert not problems_of({"pick-model": "leader m, ctrl+o", "edit-message": "leader y"})


def test_the_leader_keeps_a_key_whatever_is_chosen() -> None:
    assert validate_keymap({"leader": "leader x"})[0].direct("leader") == ("ctrl+g",)
    assert validate_keymap({"pick-model": "ctrl+g"})[0].direct("leader") == ("ctrl+g",)
    assert validate_keymap({"leader": "f2"})[0].labels("fork") == ("f2 f",)


@given(
    st.dictionaries(
        st.sampled_from([*BY_ID, "nonsense"]),
        st.text(st.sampled_from("abctrl+gleader ?1\t ,[é"), max_size=20),
        max_size=5,
    )
)
def test_any_choice_leaves_each_key_with_one_action_and_the_leader_with_a_key(keys: dict[str, str]) -> None:
    keymap, _ = validate_keymap(keys)

    screen = [
        key for action in BY_ID.values() if action.scope == "screen" for key in keymap.direct(action.id)
    ]
    behind = [key for action_id in BY_ID for key in keymap.after_leader(action_id)]
    assert len(set(screen)) == len(screen)
    assert len(set(behind)) == len(behind)
    assert keymap.direct("leader")


def test_without_a_choice_the_table_holds() -> None:
    assert Keymap().of_scope("prompt")["enter"] == "send"
