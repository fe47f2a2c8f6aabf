from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chart import svg
from benchmarks.figures import Chart, Figures, load, save
from benchmarks.report import write_report

NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}
FIGURES = Figures(
    "Bytes",
    "What is written.",
    ("program", "bytes"),
    [("llmtui", "10"), ("a|b", "800")],
    [Chart("Bytes per reply", "kB", {"llmtui": 10, "other": 800})],
    taken="2026-01-02",
    surroundings="a machine",
)


def test_figures_are_kept(tmp_path: Path) -> None:
    assert load(tmp_path, "bytes") is None
    save(tmp_path, "bytes", FIGURES)
    found = load(tmp_path, "bytes")
    assert found is not None
    assert (found.title, found.taken, found.surroundings) == ("Bytes", "2026-01-02", "a machine")
    assert found.charts == list(FIGURES.charts)
    assert [tuple(row) for row in found.rows] == list(FIGURES.rows)


def test_the_page_shows_what_was_measured(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_report(page, [FIGURES])
    text = page.read_text()
    assert "What is written. Taken on 2026-01-02.\n\n| program | bytes |\n| --- | ---: |\n" in text
    assert "| llmtui | 10 |\n| a\\|b | 800 |\n" in text
    assert "a machine" in text
    assert "![Bytes per reply](benchmarks/bytes-per-reply.svg)" in text
    assert (tmp_path / "benchmarks" / "bytes-per-reply.svg").exists()


def test_a_chart_that_is_no_more_goes(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_report(page, [FIGURES])
    write_report(page, [])
    assert not list((tmp_path / "benchmarks").iterdir())


def test_figures_of_another_machine_say_so(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    other = Figures("Elsewhere", "The same.", ("program",), [], surroundings="another machine")
    write_report(page, [FIGURES, other])
    assert "with another machine" in page.read_text()


@given(st.dictionaries(st.text("ab<&\"'", min_size=1), st.floats(0, 1e6), min_size=1, max_size=6))
def test_a_chart_is_svg_with_a_bar_as_long_as_its_figure(bars: dict[str, float]) -> None:
    root = ElementTree.fromstring(svg(Chart("Time <of> & day", "s", bars)))
    widths = [float(bar.attrib["width"]) for bar in root.findall("svg:rect", NAMESPACE)[1:]]
    labels = [text.text for text in root.findall("svg:text", NAMESPACE)[1::2]]
    longest = max(bars.values())
    assert labels == list(bars)
    assert all(
        abs(width - max(1.0, 420 * value / longest)) < 0.1 if longest else width == 1
        for width, value in zip(widths, bars.values(), strict=True)
    )
