import os
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Input, OptionList, Static, TextArea

from llmtui.ui import theming
from llmtui.ui.theming import choose_theme, load_themes, read_theme

SOUND = 'name: mine\ndark: true\ncolours:\n  primary: "#112233"\n'


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def luminance(colour: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    dark, light = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))))
    return (light + 0.05) / (dark + 0.05)


def test_the_shipped_themes_are_whole() -> None:
    themes, problems = load_themes()

    assert problems == []
    assert {(theme.name, theme.dark) for theme in themes} == {("midnight", True), ("paper", False)}
    assert theming.DEFAULT in {theme.name for theme in themes}


@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
@pytest.mark.parametrize(
    "ink", ["foreground", "primary", "secondary", "accent", "success", "warning", "error"]
)
def test_the_shipped_themes_read_well(ink: str, ground: str) -> None:
    for theme in load_themes()[0]:
        assert contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5, theme.name


def test_themes_of_an_installed_package_are_found_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "llmtui"
    (package / "themes").mkdir(parents=True)
    write(package / "themes", SOUND)
    monkeypatch.setattr("llmtui.__file__", str(package / "__init__.py"))

    assert [theme.name for theme in load_themes()[0]] == ["mine"]


def test_a_persons_theme_replaces_one_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, SOUND.replace("mine", "midnight"))

    themes, problems = load_themes([tmp_path, tmp_path / "missing"])

    assert problems == []
    assert {theme.name: theme.primary for theme in themes}["midnight"] == "#112233"


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (SOUND + '  accent: "#zz"\n', "colours.accent", "'#zz' is not a colour"),
        (SOUND + "  accent: #123456\n", "colours.accent", "# begins a comment"),
        (SOUND + "  accent: 123456\n", "colours.accent", "123456 should be in quotes"),
        (SOUND + "variables:\n  border: zz\n", "variables.border", "'zz' is not a colour"),
        (SOUND + 'variables:\n  border: "auto 87%"\n', "variables.border", "is not a colour"),
        (SOUND + 'variables:\n  border: "red; height: 3"\n', "variables.border", "is not a colour"),
        (SOUND + 'variables:\n  surface: "red"\n', "variables.surface", "belongs under colours"),
        (SOUND + "  background: transparent\n", "colours.background", "can be seen through"),
        (SOUND + 'variables:\n  link-style: "bald"\n', "variables.link-style", "'bald' is not a text style"),
        (SOUND + 'variables:\n  primary-lighten-1: "red 50%"\n', "variables", "red 50%"),
        (SOUND + "variables: [1]\n", "variables", "should be a mapping"),
        (SOUND.replace("primary", "accent"), "colours.primary", "is needed"),
        (SOUND.replace("true", "dim"), "dark", "should be true or false"),
        (SOUND.replace("mine", "'[/x] y'"), "name", "cannot be '[/x] y'"),
        (SOUND.replace("mine", "ansi-dark"), "name", "cannot be 'ansi-dark'"),
        ("name: [", "", "is not YAML"),
        ("- a\n", "", "should be a mapping"),
        ("", "", "should be a mapping"),
        ("a: \x01", "", "is not YAML"),
    ],
)
def test_a_broken_theme_is_refused_with_file_and_key(
    tmp_path: Path, text: str, key: str, message: str
) -> None:
    path = write(tmp_path, text)

    themes, problems = load_themes([tmp_path])

    assert "mine" not in {theme.name for theme in themes}
    assert problems[0].path == path
    assert problems[0].key == key
    assert message in problems[0].message
    assert str(problems[0]).startswith(f"{path}: {key}")


def test_all_that_is_wrong_with_a_theme_is_told_at_once(tmp_path: Path) -> None:
    problems = read_theme(write(tmp_path, 'dark: 1\ncolours:\n  accent: "zz"\n'))[1]

    assert {problem.key for problem in problems} == {"dark", "colours.accent", "colours.primary"}


def test_an_unknown_key_is_told_and_the_theme_used(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND + "  acent: red\nvariables:\n  bordr: red\nauthor: me\n")

    theme, problems = read_theme(path)

    assert theme is not None
    assert {problem.key for problem in problems} == {"author", "colours.acent", "variables.bordr"}
    assert "did you mean 'accent'?" in str(problems[1])


def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.yaml").mkdir()
    write(tmp_path, SOUND)

    themes, problems = load_themes([tmp_path])

    assert "mine" in {theme.name for theme in themes}
    assert ["cannot be read" in problem.message for problem in problems] == [True, True]


def test_a_theme_without_a_name_takes_its_files(tmp_path: Path) -> None:
    theme, _ = read_theme(write(tmp_path, 'colours: {primary: "red"}', "ember.yml"))

    assert theme is not None
    assert theme.name == "ember"


class Gallery(App[None]):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.register_theme(theme)
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        yield Static("text")
        yield TextArea("text")
        yield Input("text")
        yield OptionList("one", "two")


@pytest.mark.parametrize("value", ["red 50%", "ansi_blue", "transparent", "#12345678", "hsl(10,20%,30%)"])
async def test_every_accepted_variable_can_be_put_on(value: str, tmp_path: Path) -> None:
    lines = [f"  {name}: '{value}'\n" for name in sorted(theming._VARIABLES)]
    alone = [read_theme(write(tmp_path, f"{SOUND}variables:\n{line}"))[0] for line in lines]
    accepted = [line for line, theme in zip(lines, alone, strict=True) if theme]
    theme, _ = read_theme(write(tmp_path, f"{SOUND}variables:\n{''.join(accepted)}"))

    assert theme is not None
    assert len(accepted) > 100
    async with Gallery(theme).run_test() as pilot:
        assert pilot.app.theme == "mine"


KNOWN = {"midnight", "paper", "ansi-dark"}


@pytest.mark.parametrize(
    ("wanted", "environ", "chosen"),
    [
        (None, {}, "midnight"),
        ("paper", {}, "paper"),
        ("paper", {"NO_COLOR": "1"}, "ansi-dark"),
        ("paper", {"NO_COLOR": ""}, "paper"),
        (None, {"TERM": "linux"}, "ansi-dark"),
        (None, {"TERM": "screen"}, "ansi-dark"),
        (None, {"TERM": "screen-256color"}, "midnight"),
        ("paper", {"TERM": "linux"}, "paper"),
    ],
)
def test_the_theme_fits_the_terminal(wanted: str | None, environ: dict[str, str], chosen: str) -> None:
    assert choose_theme(wanted, KNOWN, environ) == (chosen, "")


def test_an_unknown_theme_is_told_and_the_default_used() -> None:
    assert choose_theme("papr", KNOWN, {}) == (
        "midnight",
        "there is no theme 'papr'; did you mean 'paper'?; using midnight",
    )


async def test_no_color_leaves_no_colour_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    class Plain(Gallery):
        def __init__(self) -> None:
            App.__init__(self, ansi_color=theming.is_colourless(os.environ))
            self.theme = choose_theme("midnight", self.available_themes, os.environ)[0]

    app = Plain()
    async with app.run_test() as pilot:
        await pilot.pause()
        filters = app.get_line_filters()
        for strip in app.screen._compositor.render_strips():
            for segment in strip.apply_filter(filters[-1], Color(0, 0, 0)):
                style = segment.style
                assert style is None or (style.color is None or style.color.is_default)
                assert style is None or (style.bgcolor is None or style.bgcolor.is_default)
