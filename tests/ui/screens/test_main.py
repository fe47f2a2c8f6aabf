import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static

from llmtui.core.errors import ConnectError, ModelNotFound
from llmtui.core.events import ReasoningDelta, TextDelta
from llmtui.core.history import MessageState, Target
from llmtui.providers.script import Fault
from llmtui.providers.scripted import ScriptedProvider
from llmtui.services.health import HealthState
from llmtui.ui.modals.model_picker import ModelPicker
from llmtui.ui.widgets.activity import Activity
from llmtui.ui.widgets.chat_row import ChatRow
from llmtui.ui.widgets.flash import Flash
from llmtui.ui.widgets.provider_row import ProviderRow
from tests.ui.pilots import shown, until
from tests.ui.screens.desk import Desk, fake, running_app

HANG = (TextDelta("half "), Fault.HANG)


def flashed(desk: Desk) -> str:
    return str(desk.screen.query_one(Flash).content)


async def test_a_reply_is_shown_with_who_gave_it_and_its_figures(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(ReasoningDelta("hm"), TextDelta("# Paris"))
        await desk.ask("capital?")
        question, reply = desk.entries
        assert (question.kind, question.text) == ("user", "capital?")
        assert (reply.text, reply.reasoning, reply.title) == ("# Paris", "hm", "echo · fake")
        assert "first" in reply.note
        assert reply.alert == ""


async def test_escape_stops_a_stalled_reply_and_keeps_what_came(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        await desk.press("escape")
        ended = await desk.ended.get()
        await desk.settle()
        assert ended.message.state is MessageState.STOPPED
        assert desk.entries[-1].text == "half "
        assert desk.entries[-1].alert.startswith("stopped")
        assert not desk.screen.query_one(Activity).has_class("-shown")


async def test_ctrl_c_stops_when_nothing_is_selected(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        await desk.press("ctrl+c")
        assert (await desk.ended.get()).message.state is MessageState.STOPPED


async def test_another_chat_can_be_opened_while_one_streams(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("one "), gate, TextDelta("two"))
        await desk.submit("first chat")
        await desk.grew.get()
        first = desk.screen.chat_id
        await desk.press("ctrl+n")
        assert not desk.entries
        gate.set()
        await desk.ended.get()
        await desk.settle()
        assert not desk.entries
        await desk.screen.open_chat(first)
        assert [entry.text for entry in desk.entries] == ["first chat", "one two"]


async def test_coming_back_to_a_streaming_chat_shows_all_of_it_once(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("one "), gate, TextDelta("two"))
        await desk.submit("first chat")
        await desk.grew.get()
        first = desk.screen.chat_id
        await desk.press("ctrl+n")
        await desk.screen.open_chat(first)
        assert desk.entries[-1].text == "one "
        assert desk.screen.query_one(Activity).has_class("-shown")
        gate.set()
        await desk.ended.get()
        await desk.settle()
        assert desk.entries[-1].text == "one two"


async def test_provider_by_digit_keeps_draft_and_goes_back(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.screen.prompt.text = "half a thought"
        await desk.press("ctrl+g", "2")
        assert desk.screen.target == Target("other", "echo")
        assert desk.screen.prompt.text == "half a thought"
        await desk.press("ctrl+t")
        assert desk.screen.target == Target("fake", "echo")
        await desk.press("ctrl+g", "tab")
        assert desk.screen.target.provider == "other"


async def test_the_provider_in_mid_chat_gets_the_whole_conversation(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("one")
        await desk.press("ctrl+g", "2")
        await desk.ask("two")
        assert [m.text for m in desk.fakes["other"].requests[0].messages] == ["one", "You said: one", "two"]
        assert desk.entries[-1].title == "echo · other"


async def test_an_error_says_what_to_do_and_the_provider_is_down(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        for _ in range(2):
            desk.fakes["fake"].play(
                ConnectError("connection refused at http://127.0.0.1:9", hint="is the server running?")
            )
        ended = await desk.ask("q")
        assert isinstance(ended.error, ConnectError)
        assert "refused" in desk.entries[-1].alert
        assert "is the server running?" in desk.entries[-1].alert
        row = next(row for row in desk.screen.query(ProviderRow) if row.info.id == "fake")
        assert row.health is not None
        assert row.health.state is HealthState.DOWN


async def test_an_unknown_model_brings_the_providers_words_and_the_picker(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(ModelNotFound("no model 'gtp-4'"))
        await desk.ask("q")
        assert "gtp-4" in desk.entries[-1].alert
        assert isinstance(desk.app.screen, ModelPicker)
        assert "gtp-4" in str(desk.app.screen.query_one(".reason", Static).content)


async def test_the_picker_does_not_open_under_the_fingers_of_somebody_who_types(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(gate, ModelNotFound("no model 'gtp-4'"))
        await desk.submit("q")
        await desk.press("n", "e", "x", "t")
        gate.set()
        await desk.ended.get()
        await desk.settle()
        assert desk.app.screen is desk.screen
        assert desk.screen.prompt.text == "next"


async def test_regenerating_and_walking_the_variants(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(TextDelta("first"))
        desk.fakes["fake"].play(TextDelta("second"))
        await desk.ask("q")
        await desk.press("ctrl+g", "r")
        await desk.ended.get()
        await desk.settle()
        assert (desk.entries[-1].text, desk.entries[-1].variants) == ("second", "‹2/2›")
        await desk.press("ctrl+g", "v")
        assert (desk.entries[-1].text, desk.entries[-1].variants) == ("first", "‹1/2›")


async def test_continuing_a_cut_reply_joins_it_with_a_seam(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(TextDelta("The capital"), Fault.CUT)
        desk.fakes["fake"].play(TextDelta(" is Paris."))
        await desk.ask("q")
        assert "ended before the reply was complete" in desk.entries[-1].alert
        await desk.press("ctrl+g", "n")
        await desk.ended.get()
        await desk.settle()
        assert desk.entries[-1].text == "The capital is Paris."
        assert desk.entries[-1].seam_at == len("The capital")


async def test_editing_an_earlier_message(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("old question")
        await desk.press("ctrl+g", "m")
        assert desk.screen.prompt.text == "old question"
        await desk.ask("new question")
        assert [entry.text for entry in desk.entries] == ["new question", "You said: new question"]
        assert desk.entries[0].variants == "‹2/2›"


async def test_deleting_a_chat_can_be_undone(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("keep me")
        await desk.press("ctrl+g", "x")
        assert not desk.entries
        await desk.press("ctrl+g", "u")
        assert [entry.text for entry in desk.entries] == ["keep me", "You said: keep me"]


async def test_the_last_chat_opens_with_its_draft(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("hello")
        desk.screen.prompt.text = "unsent"
        await desk.screen.save_draft()
    async with running_app(tmp_path) as desk:
        assert [entry.text for entry in desk.entries] == ["hello", "You said: hello"]
        assert desk.screen.prompt.text == "unsent"


async def test_quitting_while_a_reply_streams_keeps_the_partial(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        await desk.app.leave()
    async with running_app(tmp_path) as desk:
        assert desk.entries[-1].text == "half "
        assert desk.entries[-1].alert.startswith("stopped")


async def test_a_key_that_is_missing_is_named_when_the_provider_is_chosen(tmp_path: Path) -> None:
    fakes = {"fake": fake("fake"), "cloud": fake("cloud", kind="keyed")}
    async with running_app(tmp_path, fakes=fakes) as desk:
        await desk.press("ctrl+g", "2")
        assert "SOME_API_KEY" in flashed(desk)
        ended = await desk.ask("q")
        assert ended.error is not None
        assert "set SOME_API_KEY" in desk.entries[-1].alert


async def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        payload = "[/x] [@click=app.quit]boom[/] \x1b[2J\x1b]52;c;aGk=\x07"
        desk.fakes["fake"].play(TextDelta(payload))
        await desk.ask(payload)
        assert "\x1b" not in "".join(entry.text for entry in desk.entries)
        assert "[/x] [@click=app.quit]boom[/]" in desk.entries[-1].text


async def test_unrecorded_chat_goes_on_under_a_banner(tmp_path: Path) -> None:
    blocker = tmp_path / "folder"
    blocker.write_text("a file where the folder should be")
    async with running_app(blocker) as desk:
        banner = desk.screen.query_one("#banner", Static)
        assert "not recorded" in str(banner.content)
        await desk.ask("still there?")
        assert desk.entries[-1].text == "You said: still there?"


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10), (20, 6)])
async def test_usable_at_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async with running_app(tmp_path, size=size) as desk:
        await desk.ask("hello")
        transcript = desk.screen.pane.transcript
        assert transcript.size.height >= 2
        assert transcript.size.width >= 15
        assert desk.screen.prompt.size.height >= 1
        await desk.press("ctrl+g", "s")
        await desk.press("ctrl+o")
        await desk.press("escape")


async def test_tab_goes_round_the_three_parts(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("hello")
        parts = []
        for _ in range(3):
            parts.append(type(desk.app.focused).__name__)
            await desk.press("tab")
        assert parts == ["Prompt", "Transcript", "Sidebar"]
        assert type(desk.app.focused).__name__ == "Prompt"


async def test_the_transcript_shows_that_it_has_the_keys_and_gives_them_back(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("hello")
        await desk.press("tab")
        assert desk.screen.pane.transcript.selected == desk.entries[-1].id
        await desk.press("up", "down", "down")
        assert type(desk.app.focused).__name__ == "Prompt"


async def test_the_sidebar_by_keys(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.screen.sidebar.focus()
        await desk.press("down", "enter")
        assert desk.screen.target.provider == "other"
        assert type(desk.app.focused).__name__ == "Prompt"


async def test_a_message_sent_before_the_database_is_open_is_answered(tmp_path: Path) -> None:
    async with running_app(tmp_path, settled=False) as desk:
        desk.screen.prompt.text = "early bird"
        desk.screen.prompt.submit()
        await asyncio.wait_for(desk.ended.get(), 10)
        await desk.settle()
        assert [entry.text for entry in desk.entries] == ["early bird", "You said: early bird"]


async def test_giving_up_an_edit_brings_the_draft_back(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("old question")
        desk.screen.prompt.text = "half a thought"
        await desk.press("ctrl+g", "m")
        assert desk.screen.prompt.text == "old question"
        await desk.screen.save_draft()
        await desk.press("escape")
        assert desk.screen.prompt.text == "half a thought"
        draft = desk.app.services.chat.thread(desk.screen.chat_id).conversation.draft
        assert draft == "half a thought"


async def test_a_draft_waits_until_an_edit_is_sent(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("old question")
        desk.screen.prompt.text = "half a thought"
        await desk.press("ctrl+g", "m")
        await desk.ask("new question")
        assert desk.screen.prompt.text == "half a thought"


async def test_a_copy_from_the_prompt_says_so_and_the_next_ctrl_c_stops(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        desk.screen.prompt.text = "word"
        desk.screen.prompt.select_all()
        await desk.press("ctrl+c")
        assert flashed(desk).startswith("4 characters")
        assert desk.screen.prompt.selected_text == ""
        await desk.press("ctrl+c")
        assert (await desk.ended.get()).message.state is MessageState.STOPPED
        assert desk.screen.prompt.text == "word"


async def test_a_stop_before_the_first_word_offers_another_try_and_says_nothing_of_the_provider(
    tmp_path: Path,
) -> None:
    async with running_app(tmp_path, fakes={"fake": fake("fake", down="refused")}) as desk:
        before = desk.app.services.health.of("fake")
        assert before.state is HealthState.DOWN
        desk.fakes["fake"].options = desk.fakes["fake"].options.model_copy(update={"down": ""})
        desk.fakes["fake"].play(Fault.HANG)
        await desk.submit("q")
        await desk.opened.get()
        await desk.press("escape")
        await desk.ended.get()
        await desk.settle()
        assert desk.entries[-1].alert == "stopped · ctrl+g r retries"
        assert desk.app.services.health.of("fake") == before


async def test_continuing_while_a_reply_streams_does_not_stop_it(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        await desk.press("ctrl+g", "n")
        assert desk.app.services.chat.running(desk.screen.chat_id)
        assert "esc stops it" in flashed(desk)


async def test_variants_can_be_read_while_another_streams(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        gate = asyncio.Event()
        desk.fakes["fake"].play(TextDelta("first"))
        desk.fakes["fake"].play(TextDelta("sec"), gate, TextDelta("ond"))
        await desk.ask("q")
        await desk.press("ctrl+g", "r")
        while "sec" not in desk.entries[-1].text:
            await desk.grew.get()
            await desk.settle()
        await desk.press("ctrl+g", "v")
        assert desk.entries[-1].text == "first"
        await desk.press("ctrl+g", "b")
        assert (desk.entries[-1].text, desk.entries[-1].variants) == ("sec", "‹2/2›")
        await desk.press("ctrl+g", "v")
        gate.set()
        ended = await desk.ended.get()
        await desk.settle()
        assert ended.message.state is MessageState.COMPLETE
        assert desk.entries[-1].text == "first"
        await desk.press("ctrl+g", "b")
        assert desk.entries[-1].text == "second"


async def test_keys_are_named_for_the_newest_message_only(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(TextDelta("half"), Fault.CUT)
        await desk.ask("one")
        assert "ctrl+g n continues, ctrl+g r retries" in desk.entries[-1].alert
        await desk.ask("two")
        assert "ended before" in desk.entries[1].alert
        assert "ctrl+g" not in desk.entries[1].alert


async def test_a_chat_that_streams_can_be_deleted(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("stays")
        await desk.press("ctrl+n")
        desk.fakes["fake"].play(*HANG)
        await desk.submit("goes")
        await desk.grew.get()
        await desk.press("ctrl+g", "x")
        await desk.idle()
        assert [entry.text for entry in desk.entries] == ["stays", "You said: stays"]
        assert [row.title for row in desk.screen.sidebar.query(ChatRow) if row.display] == ["stays"]


async def test_a_draft_that_was_never_sent_can_be_found_again(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.ask("hello")
        await desk.press("ctrl+n", "i", "d", "e", "a")
        draft = desk.screen.chat_id
        await desk.press("ctrl+n")
        rows = {row.key: row.title for row in desk.screen.sidebar.query(ChatRow) if row.display}
        assert rows[draft] == "draft: idea"
        await desk.screen.open_chat(draft)
        assert desk.screen.prompt.text == "idea"


async def test_a_search_finds_what_stands_in_another_variant(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.fakes["fake"].play(TextDelta("xylophone"))
        desk.fakes["fake"].play(TextDelta("piano"))
        await desk.ask("q")
        await desk.press("ctrl+g", "r")
        await desk.ended.get()
        await desk.settle()
        await desk.press("ctrl+r", *"xylophone")
        await until(desk.pilot, lambda: getattr(desk.app.screen, "highlighted", None) is not None)
        await desk.press("enter")
        await desk.idle()
        assert desk.entries[-1].text == "xylophone"
        assert desk.screen.pane.transcript.selected == desk.entries[-1].id


async def test_the_next_provider_is_the_next_one_of_the_sidebar(tmp_path: Path) -> None:
    fakes = {"fake": fake("fake"), "cloud": fake("cloud", kind="keyed"), "other": fake("other")}
    async with running_app(tmp_path, fakes=fakes) as desk:
        order = [info.id for info in desk.screen.sidebar.providers]
        await desk.press("ctrl+g", "1")
        for provider_id in (*order[1:], order[0]):
            await desk.press("ctrl+g", "tab")
            assert desk.screen.target.provider == provider_id


async def test_what_does_nothing_says_why(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+t")
        assert flashed(desk) == "warning: no other model was used before"
        await desk.press("ctrl+g", "9")
        assert flashed(desk) == "warning: there are only 2 providers"
        await desk.press("ctrl+g", "f")
        assert flashed(desk) == "error: there is nothing to fork yet"


async def test_the_keys_that_are_named_are_the_persons_own(tmp_path: Path) -> None:
    keys = {"continue": "f2", "leader": "f3", "stop": "f4", "pick-model": "f5"}
    async with running_app(tmp_path, keys=keys) as desk:
        assert "f5 picks the model, f3 shows more keys" in shown(desk.app)
        assert "f5 model · f3 more" in shown(desk.app)
        desk.fakes["fake"].play(*HANG)
        await desk.submit("q")
        await desk.grew.get()
        assert "f4 stop" in shown(desk.app)
        await desk.press("f4")
        await desk.ended.get()
        await desk.settle()
        assert desk.entries[-1].alert == "stopped · f2 continues, f3 r retries"


async def test_a_paste_goes_to_the_prompt_wherever_the_keys_go(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        desk.screen.sidebar.focus()
        await desk.settle()
        desk.app.post_message(events.Paste("one\ntwo"))
        await until(desk.pilot, lambda: desk.screen.prompt.text == "one\ntwo")
        assert type(desk.app.focused).__name__ == "Prompt"


async def test_only_the_provider_of_the_shown_chat_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    monkeypatch.setattr(ScriptedProvider, "prepare", lambda settings: prepared.append(settings.id))
    async with running_app(tmp_path) as desk:
        assert prepared == ["fake"]
        await desk.press("ctrl+g", "2")
        await desk.ask("q")
    async with running_app(tmp_path):
        assert prepared == ["fake", "other"]


async def test_a_long_notice_does_not_cover_what_is_typed(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        flash, prompt = desk.screen.query_one(Flash), desk.screen.prompt
        desk.screen.flash("one line")
        await until(desk.pilot, lambda: flash.region.height == 1)
        assert flash.region.y > prompt.region.y
        desk.screen.flash("several words " * 40)
        await until(desk.pilot, lambda: flash.region.height > 1 and flash.region.bottom <= prompt.region.y)
