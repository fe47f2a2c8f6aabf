"""The widget in a running app: following, scrolling, the message cursor, the mouse."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input

from llmtui.ui.transcript import Entry, ToolLine, Transcript
from llmtui.ui.transcript.selection import whole_card

PROSE = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. " * 3
MARKDOWN = f"## Head\n\n{PROSE}\n\n- one\n- two\n\n```python\nx = 1\n```\n\n|a|b|\n|-|-|\n|1|2|\n"


class Host(App[None]):
    def __init__(self, *entries: Entry) -> None:
        super().__init__()
        self._entries = entries
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        transcript = Transcript(rest=0)
        transcript.show(self._entries)
        yield transcript
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Transcript).focus()

    def on_transcript_entry_selected(self, message: Transcript.EntrySelected) -> None:
        self.heard.append(("selected", message.entry_id))

    def on_transcript_copy_requested(self, message: Transcript.CopyRequested) -> None:
        self.heard.append(("copy", message.text))

    def on_transcript_link_requested(self, message: Transcript.LinkRequested) -> None:
        self.heard.append(("link", message.url))


def user(number: int, text: str = "A question?") -> Entry:
    return Entry(str(number), "user", "you", text)


def reply(number: int, text: str = MARKDOWN) -> Entry:
    return Entry(str(number), "assistant", "model", text, note="12 tok")


def conversation(count: int) -> list[Entry]:
    return [reply(n, f"Reply {n}. {MARKDOWN}") if n % 2 else user(n, f"Question {n}") for n in range(count)]


def transcript_of(pilot: Pilot[None]) -> Transcript:
    return pilot.app.query_one(Transcript)


def rows(transcript: Transcript) -> list[str]:
    return [transcript.render_line(y).text.rstrip() for y in range(transcript.size.height)]


async def test_it_opens_at_the_end_and_follows_a_reply() -> None:
    async with Host(*conversation(10)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        assert rows(transcript)[-1] == "  12 tok"
        transcript.begin(Entry("s", "assistant", "model"))
        for number in range(30):
            transcript.feed("s", f"line {number} of the reply\n\n")
        assert rows(transcript)[-1] == "  line 29 of the reply"
        assert transcript.following
        assert transcript.scroll_y == transcript.max_scroll_y


async def test_a_reader_who_scrolled_up_is_left_alone_and_told() -> None:
    async with Host(*conversation(10)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model"))
        await pilot.press("pageup")
        before = rows(transcript)
        for number in range(10):
            transcript.feed("s", f"line {number} of the reply\n\n")
        assert not transcript.following
        assert rows(transcript)[:-1] == before[:-1]
        assert transcript.lines_below == 19
        assert rows(transcript)[-1].endswith("19 new lines ↓")
        await pilot.press("end")
        assert transcript.following
        assert transcript.lines_below == 0
        assert rows(transcript)[-1] == "  line 9 of the reply"


async def test_scrolling_back_down_follows_again() -> None:
    async with Host(*conversation(10)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("pageup", "pageup")
        assert not transcript.following
        await pilot.press("pagedown", "pagedown")
        assert transcript.following


async def test_scrolling_up_through_messages_never_drawn_moves_by_the_lines_asked_for() -> None:
    async with Host(*conversation(60)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        seen = rows(transcript)
        while transcript.scroll_y > 0:
            transcript.scroll_to(y=transcript.scroll_y - 3, animate=False)
            now = rows(transcript)
            if transcript.scroll_y > 0:
                assert now[3:] == seen[:-3]
            seen = now
        assert seen[1] == "  Question 0"


async def test_home_shows_the_first_message() -> None:
    async with Host(*conversation(60)).run_test(size=(80, 24)) as pilot:
        await pilot.press("home")
        assert rows(transcript_of(pilot))[:2] == ["  you", "  Question 0"]


async def test_a_stream_asks_for_no_layout_and_repaints_only_changed_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Host(*conversation(10)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model", "Some words"))
        await pilot.pause()
        layouts: list[object] = []
        monkeypatch.setattr(pilot.app.screen, "_refresh_layout", lambda *args, **kwargs: layouts.append(args))
        regions: list[Region] = []
        original: Callable[..., object] = transcript.refresh

        def refresh(*asked: Region, **options: bool) -> object:
            regions.extend(asked or [transcript.region])
            return original(*asked, **options)

        monkeypatch.setattr(transcript, "refresh", refresh)
        transcript.feed("s", " more")
        await pilot.pause()
        assert [region.size for region in regions] == [(transcript.size.width, 1)]
        transcript.feed("s", "\n\nanother paragraph\n\nand another")
        await pilot.pause()
        assert not layouts


async def test_the_closed_reply_shows_its_final_state() -> None:
    text = "See [the guide][1].\n\n[1]: https://e.org/guide\n"
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "asked"))
        for char in text:
            transcript.feed("s", char)
        streamed = transcript.entry("s")
        assert streamed is not None
        assert streamed.text == text
        transcript.close(
            replace(streamed, title="served", note="9 tok", alert="stopped", alert_level="warning")
        )
        shown = rows(transcript)
        transcript.show([Entry("s", "assistant", "served", text, note="9 tok", alert="stopped")])
        assert shown == rows(transcript)
        assert [row for row in shown if row] == [
            "  served",
            "  See the guide (https://e.org/guide).",
            "  9 tok",
            "  ! stopped",
        ]


async def test_a_title_that_comes_late_leaves_the_text_alone() -> None:
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "asked"))
        transcript.feed("s", "Hello ")
        current = transcript.entry("s")
        assert current is not None
        transcript.update(replace(current, title="served"))
        transcript.feed("s", "world")
        assert rows(transcript)[:2] == ["  served", "  Hello world"]


async def test_feeding_or_closing_a_removed_reply_does_nothing() -> None:
    async with Host(user(1)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model", "text"))
        transcript.discard("s")
        transcript.feed("s", "late")
        transcript.close(Entry("s", "assistant", "model", "late"))
        transcript.update(Entry("s", "assistant", "model", "late"))
        transcript.discard("s")
        assert [entry.id for entry in transcript.entries] == ["1"]
        assert "late" not in "".join(rows(transcript))


async def test_an_entry_can_grow_again() -> None:
    async with Host(user(1), Entry("2", "assistant", "model", "Half a")).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        entry = transcript.entry("2")
        assert entry is not None
        transcript.begin(replace(entry, seam_at=6))
        assert "continued" in rows(transcript)[5]
        transcript.feed("2", " sentence.")
        assert rows(transcript)[4] == "  Half a"
        assert "continued" in rows(transcript)[5]
        assert rows(transcript)[6] == "  sentence."


async def test_walking_down_scrolls_no_more_than_needed() -> None:
    async with Host(*conversation(12)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("up", "up", "up", "up", "up", "home")
        top = transcript.scroll_y
        for _ in range(6):
            await pilot.press("down")
            card = next(row for row in rows(transcript) if row.startswith("▌"))
            assert card
            assert transcript.scroll_y >= top
            top = transcript.scroll_y


async def test_removing_a_message_above_keeps_what_is_read_in_place() -> None:
    async with Host(*conversation(20)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("pageup", "pageup")
        before = rows(transcript)
        transcript.discard("3")
        assert rows(transcript) == before


async def test_reasoning_is_folded_until_asked_for() -> None:
    entry = Entry("1", "assistant", "model", "Paris.", reasoning="First thought.\nSecond thought.")
    async with Host(user(0), entry).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        assert "  ▸ thought for 2 lines" in rows(transcript)
        assert "First thought" not in "".join(rows(transcript))
        await pilot.press("up", "enter")
        assert rows(transcript)[4:7] == [
            "▌ ▾ thought for 2 lines",
            "▌ │ First thought.",
            "▌ │ Second thought.",
        ]
        await pilot.press("space")
        assert "First thought" not in "".join(rows(transcript))
        await pilot.click(Transcript, offset=(6, 4))
        assert "▌ │ First thought." in rows(transcript)


async def test_reasoning_that_streams_is_counted_then_told() -> None:
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model"))
        transcript.feed("s", reasoning="One.\nTwo.")
        assert rows(transcript)[1] == "  ▸ thinking: 2 lines"
        await pilot.press("up", "enter")
        transcript.feed("s", reasoning="\nThree.")
        assert rows(transcript)[4] == "▌ │ Three."
        transcript.feed("s", "Answer.")
        assert rows(transcript)[1] == "▌ ▾ thought for 3 lines"


async def test_the_cursor_walks_messages_and_brings_them_into_view() -> None:
    async with Host(*conversation(12)).run_test(size=(80, 24)) as pilot:
        transcript, app = transcript_of(pilot), pilot.app
        assert isinstance(app, Host)
        await pilot.press("up", "k", "alt+up", "up")
        assert transcript.selected == "8"
        assert "▌ Question 8" in rows(transcript)
        await pilot.press("down", "j")
        assert app.heard[-1] == ("selected", "10")
        assert "▌ Question 10" in rows(transcript)
        app.query_one(Input).focus()
        await pilot.pause()
        assert "  Question 10" in rows(transcript)


async def test_going_past_the_last_message_is_told() -> None:
    class Outer(Host):
        @on(Transcript.EndPassed)
        def hear_end(self) -> None:
            self.heard.append("left")

    async with Outer(user(1), user(2)).run_test(size=(80, 24)) as pilot:
        await pilot.press("up", "down")
        assert isinstance(pilot.app, Outer)
        assert pilot.app.heard == [("selected", "2"), "left"]


async def test_copying_gives_the_source_text() -> None:
    async with Host(user(1), reply(2), user(3)).run_test(size=(80, 24)) as pilot:
        assert isinstance(pilot.app, Host)
        await pilot.press("c", "up", "up", "c", "y")
        copies = [entry for entry in pilot.app.heard if isinstance(entry, tuple) and entry[0] == "copy"]
        assert copies == [("copy", "A question?"), ("copy", MARKDOWN), ("copy", "x = 1\n")]


async def test_a_click_on_a_link_asks_and_opens_nothing() -> None:
    async with Host(reply(1, "Go to https://e.org/x now")).run_test(size=(80, 24)) as pilot:
        assert isinstance(pilot.app, Host)
        await pilot.click(Transcript, offset=(10, 1))
        await pilot.click(Transcript, offset=(3, 1))
        assert pilot.app.heard == [("link", "https://e.org/x"), ("selected", "1")]


async def test_the_terminal_gets_the_real_target_of_web_links_only() -> None:
    text = "[go](https://e.org/x) [mail](mailto:a@b.c)"
    async with Host(reply(1, text)).run_test(size=(80, 24)) as pilot:
        sent = transcript_of(pilot).render_line(1).render(pilot.app.console)
        assert sent.count("\x1b]8;id=") == 1
        assert ";https://e.org/x\x1b\\" in sent


async def test_dragging_selects_text_without_decoration() -> None:
    async with Host(reply(1, "> 日本語 is quoted\n>\n> and more"), user(2)).run_test(size=(80, 24)) as pilot:
        await pilot.mouse_down(Transcript, offset=(11, 1))
        await pilot.hover(Transcript, offset=(7, 3))
        await pilot.mouse_up(Transcript, offset=(7, 3))
        await pilot.pause()
        assert pilot.app.screen.get_selected_text() == "is quoted\n\nand"
        transcript = transcript_of(pilot)
        marked = [
            s.text for s in transcript.render_line(1) if s.style and s.style.bgcolor == _selection(pilot)
        ]
        assert "".join(marked).rstrip() == "is quoted"
        transcript.append(user(3))
        assert pilot.app.screen.get_selected_text() == "is quoted\n\nand"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_selected_text_can_be_read(theme: str) -> None:
    async with Host(user(1)).run_test(size=(80, 24)) as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        transcript = transcript_of(pilot)
        pilot.app.screen.selections = {transcript: whole_card(0)}
        await pilot.pause()
        selected = [s for s in transcript.render_line(1) if s.style and s.style.bgcolor == _selection(pilot)]
        assert any(segment.text.strip() for segment in selected)
        assert all(s.style.color != s.style.bgcolor for s in selected if s.style and s.text.strip())


def _selection(pilot: Pilot[None]) -> object:
    return transcript_of(pilot).selection_style.bgcolor


async def test_a_double_click_selects_one_message() -> None:
    async with Host(user(1, "first"), user(2, "second")).run_test(size=(80, 24)) as pilot:
        await pilot.double_click(Transcript, offset=(3, 4))
        await pilot.pause()
        assert pilot.app.screen.get_selected_text() == "you\nsecond"


@pytest.mark.parametrize("width", [40, 57, 120])
async def test_a_resize_keeps_the_first_line_in_view(width: int) -> None:
    async with Host(*conversation(30)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.action_walk(-1)
        while not rows(transcript)[0].startswith("  Reply"):
            transcript.scroll_to(y=transcript.scroll_y - 1, animate=False)
        first = rows(transcript)[0].split()[:2]
        await pilot.resize_terminal(width, 24)
        await pilot.pause()
        assert rows(transcript)[0].split()[:2] == first
        assert all(len(row) <= transcript.size.width for row in rows(transcript))


async def test_a_resize_at_the_end_stays_at_the_end() -> None:
    async with Host(*conversation(30)).run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        assert rows(transcript_of(pilot))[-1] == "  12 tok"
        assert transcript_of(pilot).following


async def test_only_what_is_seen_is_rendered() -> None:
    async with Host(*conversation(1000)).run_test(size=(80, 24)) as pilot:
        stack = transcript_of(pilot)._viewport.stack
        assert 0 < sum(card.face is not None for card in stack) < 10


async def test_memory_of_lines_long_out_of_view_is_given_back() -> None:
    async with Host(*conversation(1200)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        for place in range(1200):
            transcript._viewport.reveal(place)
        assert (
            sum(len(part.lines) for card in transcript._viewport.stack for _, part in card.face or ()) < 6000
        )
        assert "  Reply 1199. ## Head" in rows(transcript)


async def test_a_theme_switch_recolours_and_moves_nothing() -> None:
    async with Host(*conversation(10)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("pageup")
        before, style = rows(transcript), transcript.render_line(2)
        for theme in ("textual-light", "ansi-dark", "nord"):
            pilot.app.theme = theme
            await pilot.pause()
            assert rows(transcript) == before
            assert transcript.render_line(2) != style


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
@pytest.mark.parametrize("size", [(40, 10), (12, 4), (3, 2), (200, 60)])
async def test_any_size_shows_what_fits(size: tuple[int, int], theme: str) -> None:
    entry = replace(
        reply(1, f"{MARKDOWN}\n> 日本語 👩‍👩‍👧 é\n\n1. 全角文字の長い項目がここにあります\n"),
        tool_calls=(ToolLine("search", '{"q": "[/x]"}', "found\nit"),),
        reasoning="Hm.\n日本語",
        alert="cut",
        seam_at=20,
    )
    app = Host(user(0, "全角 " * 30), entry, Entry("n", "notice", "", "[/x] " * 20))
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("home", "up", "up", "enter", "pagedown", "end")
        for y in range(transcript.size.height):
            assert transcript.render_line(y).cell_length == transcript.size.width


async def test_a_hidden_transcript_takes_text_and_shows_it_later() -> None:
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.display = False
        await pilot.pause()
        transcript.begin(Entry("s", "assistant", "model"))
        transcript.feed("s", "while hidden")
        transcript.display = True
        await pilot.pause()
        assert rows(transcript)[:2] == ["  model", "  while hidden"]


@pytest.mark.parametrize("payload", ["[/x]", "[@click=app.quit]quit[/]", "[bold", "]]", "\\[x]", "$accent"])
async def test_no_field_is_ever_parsed_as_markup(payload: str) -> None:
    entry = Entry(
        "1", "assistant", payload, payload, payload, (ToolLine(payload, payload, payload),), payload, payload,
        variants=payload,
    )  # fmt: skip
    async with Host(replace(user(0, payload), title=payload), entry).run_test(size=(120, 24)) as pilot:
        await pilot.press("up", "enter")
        shown = rows(transcript_of(pilot))
        expected = payload.replace("\\[", "[")
        assert sum(row.count(payload) or row.count(expected) for row in shown) == 11
        await pilot.click(Transcript, offset=(4, 1))
        assert pilot.app.is_running


async def test_variants_and_tools_are_shown_in_one_line_each() -> None:
    entry = replace(
        reply(1, "Done."),
        variants="‹2/3›",
        tool_calls=(ToolLine("get", '{"a":\n 1}', "x\ny"), ToolLine("run", "{}")),
    )
    async with Host(entry).run_test(size=(80, 24)) as pilot:
        assert rows(transcript_of(pilot))[:5] == [
            "  model  ‹2/3›",
            '  » get({"a": 1}) → x y',
            "  » run({}) …",
            "",
            "  Done.",
        ]


async def test_selected_text_stays_selected_while_its_block_grows_and_ends() -> None:
    item = "- item {} with some words that fill about half of a line\n"
    text = "".join(map(item.format, range(30)))
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model"))
        for number in range(12):
            transcript.feed("s", item.format(number))
        await pilot.pause()
        await pilot.mouse_down(Transcript, offset=(4, 9))
        await pilot.hover(Transcript, offset=(10, 12))
        await pilot.mouse_up(Transcript, offset=(10, 12))
        await pilot.pause()
        selected = pilot.app.screen.get_selected_text()
        assert selected is not None
        assert selected.split("\n")[1] == "• item 9 with some words that fill about half of a line"
        for number in range(12, 30):
            transcript.feed("s", item.format(number))
        transcript.feed("s", "\nThe block has ended.")
        assert pilot.app.screen.get_selected_text() == selected
        transcript.close(Entry("s", "assistant", "model", f"{text}\nThe block has ended."))
        assert pilot.app.screen.get_selected_text() == selected
        pilot.app.screen.clear_selection()
        await pilot.pause()
        assert rows(transcript)[-1] == "  The block has ended."


async def test_a_new_width_guesses_what_is_not_seen() -> None:
    async with Host(*conversation(1000)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.reveal("500")
        await pilot.resize_terminal(60, 24)
        await pilot.pause()
        assert "Question 500" in "".join(rows(transcript))
        assert sum(card.face is not None for card in transcript._viewport.stack) < 30


async def test_the_lines_of_one_huge_message_are_bounded() -> None:
    text = "".join(f"Paragraph {number} of many.\n\n" for number in range(1200))
    async with Host(reply(1, text + "\n".join(map(str, range(50_000))))).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        await pilot.press("home", *["pagedown"] * 5, "end")
        assert rows(transcript)[-2:] == ["  49999", "  12 tok"]
        face = transcript._viewport.stack[0].face
        assert face is not None
        assert sum(len(part.lines) for _, part in face) < 500
        assert face.height > 50_000


async def test_words_that_came_before_the_end_are_shown_while_some_are_selected() -> None:
    async with Host(*conversation(2)).run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model"))
        transcript.feed("s", "first words")
        pilot.app.screen.selections = {transcript: whole_card(2)}
        await pilot.pause()
        # As within the rest after a frame.
        transcript._viewport.feed("s", ", last words", "")
        transcript.close(Entry("s", "assistant", "model", "first words, last words"))
        assert "  first words, last words" in rows(transcript)


async def test_forged_marks_in_reasoning_stay_replaced_when_the_reply_ends() -> None:
    async with Host().run_test(size=(80, 24)) as pilot:
        transcript = transcript_of(pilot)
        transcript.begin(Entry("s", "assistant", "model"))
        transcript.feed("s", reasoning="a \ufdd0 b")
        transcript.reveal("s")
        transcript.action_fold()
        transcript.close(Entry("s", "assistant", "model", "text", reasoning="a \ufdd0 b"))
        assert any("a \ufffd b" in row for row in rows(transcript))


async def test_rows_below_the_end_pass_a_filter_of_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    # Empty: for us it is not set, but Textual turns to greys.
    monkeypatch.setenv("NO_COLOR", "")
    async with Host(user(0)).run_test(size=(80, 24)) as pilot:
        assert rows(transcript_of(pilot))[-1] == ""
