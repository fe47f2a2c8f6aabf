import asyncio
from datetime import UTC, datetime

from textual.content import Content

from llmtui.core.history import SearchHit
from llmtui.ui.modals.history_search import HistorySearch
from tests.ui.pilots import DialogApp, shown, until


def hit(n: int, excerpt: str = "of \x02trees\x03 [/x]\nand") -> SearchHit:
    return SearchHit(f"c{n}", f"m{n}", f"title {n} [/x]", excerpt, datetime.now(UTC))


class Index:
    def __init__(self, *hits: SearchHit) -> None:
        self.hits = list(hits)
        self.asked: list[str] = []

    async def search(self, query: str) -> list[SearchHit]:
        self.asked.append(query)
        return self.hits


async def test_it_finds_while_typing_and_asks_once_when_the_typing_pauses() -> None:
    index = Index(hit(1), hit(2))
    app = DialogApp(HistorySearch(index.search))
    async with app.run_test() as pilot:
        await pilot.press(*"trees")
        await until(pilot, lambda: "title 2 [/x]" in shown(app))
        await pilot.press("down", "enter")

    assert app.results == [hit_like(index, 1)]
    assert index.asked[-1] == "trees"
    assert len(index.asked) < 5


def hit_like(index: Index, at: int) -> SearchHit:
    return index.hits[at]


async def test_the_found_words_are_set_off_and_no_mark_is_shown() -> None:
    app = DialogApp(HistorySearch(Index(hit(1)).search))
    async with app.run_test() as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "trees [/x] and" in shown(app))
        dialog = app.dialog
        assert isinstance(dialog, HistorySearch)
        prompt = dialog.options.get_option_at_index(0).prompt

    assert isinstance(prompt, Content)
    assert "\x02" not in prompt.plain
    assert [prompt.plain[span.start : span.end] for span in prompt.spans if "accent" in str(span.style)] == [
        "trees"
    ]


async def test_the_first_found_word_is_on_the_line() -> None:
    app = DialogApp(HistorySearch(Index(hit(1, "long " * 60 + "\x02needle\x03")).search))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "needle" in shown(app))


async def test_nothing_found_is_said() -> None:
    app = DialogApp(HistorySearch(Index().search))
    async with app.run_test() as pilot:
        await pilot.press("z")
        await until(pilot, lambda: "nothing found" in shown(app))
        await pilot.press("enter", "escape")

    assert app.results == [None]


async def test_an_empty_query_shows_what_is_recent() -> None:
    app = DialogApp(HistorySearch(Index().search, [hit(7)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "title 7" in shown(app))
        await pilot.press("a")
        await until(pilot, lambda: "title 7" not in shown(app))
        await pilot.press("backspace")
        await until(pilot, lambda: "title 7" in shown(app))
        await pilot.press("enter")

    assert [chosen.conversation_id for chosen in app.results] == ["c7"]


async def test_a_slow_answer_to_an_older_query_is_not_shown() -> None:
    asked: dict[str, asyncio.Event] = {}

    async def search(query: str) -> list[SearchHit]:
        asked[query] = asyncio.Event()
        await asked[query].wait()
        return [hit(1, query)]

    app = DialogApp(HistorySearch(search))
    async with app.run_test() as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "a" in asked)
        await pilot.press("b")
        await until(pilot, lambda: "ab" in asked)
        asked["ab"].set()
        asked["a"].set()
        await until(pilot, lambda: "title 1" in shown(app))
        await pilot.pause()

        assert "  ab" in shown(app)


async def test_a_search_that_fails_is_told() -> None:
    async def search(query: str) -> list[SearchHit]:
        raise RuntimeError("the index is gone [/x]")

    app = DialogApp(HistorySearch(search))
    async with app.run_test() as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "not searched: the index is gone [/x]" in shown(app))
