from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from llmtui.core.model_admin import RunningModel, StoredModel
from llmtui.services.shelf import Shelf
from llmtui.ui.columns import tail
from llmtui.ui.room.shelf_words import tabulated

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TINY = StoredModel("registry.example.com/library/tiny:latest", size=3_500_000)


def lines_of(*models: StoredModel, running: tuple[RunningModel, ...] = (), width: int = 78) -> list[str]:
    titles, lines = tabulated(models, Shelf(models, running), "name", width, NOW)
    return [titles.plain, *(line.plain for line in lines)]


def test_a_column_is_there_once_a_model_has_something_in_it() -> None:
    titles, line = lines_of(TINY)
    assert titles.split() == ["name↑", "size"]
    assert line.split() == [TINY.name, "3.5", "MB"]
    loaded = RunningModel(TINY.name, size=29_000_000, size_gpu=0, expires_at=NOW + timedelta(hours=2))
    titles, line = lines_of(TINY, running=(loaded,))
    assert titles.split() == ["name↑", "size", "memory"]
    assert line.rstrip().endswith("29 MB CPU 2 h")


def test_of_a_long_name_the_end_is_shown() -> None:
    _, line = lines_of(TINY, width=30)
    assert line.startswith("  …")
    assert "tiny:latest 3.5 MB" in line


@given(st.text(st.characters(exclude_categories=["C", "M"])), st.integers(1, 40))
def test_a_tail_is_no_wider_than_its_place(name: str, width: int) -> None:
    short = tail(name, width)
    assert cell_len(short) <= width
    assert name.endswith(short.removeprefix("…"))
