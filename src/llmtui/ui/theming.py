"""Themes: YAML files that become Textual themes, checked so that a broken one stops nothing."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import Theme

import llmtui

DEFAULT = "midnight"
COLOURLESS = "ansi-dark"
"""Textual's theme of the terminal's own colours: under NO_COLOR the only one without grey."""

_KEYS = ("name", "dark", "colours", "variables")
_COLOURS = (
    *("primary", "secondary", "accent", "success", "warning", "error"),
    *("foreground", "background", "surface", "panel", "boost"),
)
_VARIABLES = frozenset(Theme("any", primary="#000000").to_color_system().generate())
_NAME = re.compile(r"[A-Za-z][\w-]*")
_RESERVED = frozenset({"ansi-dark", "ansi-light"})
_STYLE_VARIABLE = re.compile(r".*-style(-hover)?")
_OPACITY = re.compile(r" +\d{1,3}%$")
# `auto` picks black or white, so it suits what stands on a ground, never the ground.
_MAY_BE_AUTO = re.compile(r"text(-.*)?|.*foreground|link-color(-hover)?")
_SIXTEEN_COLOURS = frozenset({"linux", "screen", "xterm", "vt100", "vt102", "vt220", "ansi"})

Complain = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class ThemeProblem:
    """One thing wrong with a theme file; `key` is the dotted path inside it, empty for the whole file."""

    path: Path
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.key}: {self.message}" if self.key else f"{self.path}: {self.message}"


def built_in_dir() -> Path:
    """The folder of the shipped themes: inside the installed package, else at the top of the checkout."""
    package = Path(llmtui.__file__).parent
    installed = package / "themes"
    return installed if installed.is_dir() else package.parents[1] / "themes"


def load_themes(user_dirs: Iterable[Path] = ()) -> tuple[list[Theme], list[ThemeProblem]]:
    """The shipped themes, and a person's own, which replace others of the same name; never raises."""
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for path in _files((built_in_dir(), *user_dirs), problems):
        theme, found = read_theme(path)
        problems += found
        if theme is not None:
            themes[theme.name] = theme
    return list(themes.values()), problems


def read_theme(path: Path) -> tuple[Theme | None, list[ThemeProblem]]:
    """One theme file, and what is wrong with it: None when a value cannot be used; never raises."""
    problems: list[ThemeProblem] = []
    fatal: list[ThemeProblem] = []
    warn = _into(problems, path)
    refuse = _into(fatal, path)
    data = _document(path, refuse)
    if data is None:
        return None, fatal
    _check_names("", data, _KEYS, warn)
    name, dark = data.get("name", path.stem), data.get("dark", True)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        refuse("name", f"cannot be {name!r}")
    if not isinstance(dark, bool):
        refuse("dark", "should be true or false")
    colours = _texts(data, "colours", refuse)
    variables = _texts(data, "variables", refuse)
    _check_names("colours.", colours, _COLOURS, warn)
    _check_names("variables.", variables, _VARIABLES, warn)
    known = {key: value for key, value in colours.items() if key in _COLOURS}
    _check_colours(known, refuse)
    _check_variables(variables, refuse)
    if fatal:
        return None, fatal + problems
    theme = Theme(name=str(name), dark=dark is True, variables=variables, primary=known.pop("primary"))
    theme = replace(theme, **known)  # type: ignore[arg-type]
    try:
        theme.to_color_system().generate()
    except ColorParseError as error:
        # Textual derives some colours from others, and there an opacity such as `red 50%` does not do.
        refuse("variables", str(error))
    return None if fatal else theme, fatal + problems


def choose_theme(wanted: str | None, known: Collection[str], environ: Mapping[str, str]) -> tuple[str, str]:
    """The theme to start with, and what is wrong with the one that was asked for (empty: nothing)."""
    if is_colourless(environ):
        return COLOURLESS, ""
    if wanted in known and wanted is not None:
        return wanted, ""
    few_colours = environ.get("TERM") in _SIXTEEN_COLOURS and not environ.get("COLORTERM")
    chosen = COLOURLESS if few_colours else DEFAULT
    if wanted is None:
        return chosen, ""
    return chosen, f"there is no theme {wanted!r}{_did_you_mean(wanted, known)}; using {chosen}"


def is_colourless(environ: Mapping[str, str]) -> bool:
    """Whether NO_COLOR is set, and not empty (https://no-color.org).

    Then `App.__init__` needs `ansi_color=True`, else Textual turns to greys.
    """
    return bool(environ.get("NO_COLOR"))


def _files(folders: Iterable[Path], problems: list[ThemeProblem]) -> Iterator[Path]:
    for folder in folders:
        try:
            yield from sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problems.append(ThemeProblem(folder, "", f"cannot be read: {error}"))


def _into(problems: list[ThemeProblem], path: Path) -> Complain:
    return lambda key, message: problems.append(ThemeProblem(path, key, message))


def _document(path: Path, refuse: Complain) -> Mapping[object, object] | None:
    # Imported here: only themes need it, and only when they are read.
    import yaml

    try:
        data = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        refuse("", f"cannot be read: {error}")
    except yaml.YAMLError as error:
        refuse("", "is not YAML: " + " ".join(str(error).split()))
    else:
        if isinstance(data, Mapping):
            return data
        refuse("", "should be a mapping of keys to values")
    return None


def _texts(data: Mapping[object, object], key: str, refuse: Complain) -> dict[str, str]:
    values = data.get(key) or {}
    if not isinstance(values, Mapping):
        refuse(key, "should be a mapping of names to values")
        return {}
    for name, value in values.items():
        if value is None:
            refuse(f"{key}.{name}", "is empty; put the value in quotes, as # begins a comment")
        elif not isinstance(value, str):
            refuse(f"{key}.{name}", f"{value!r} should be in quotes")
    return {str(name): value for name, value in values.items() if isinstance(value, str)}


def _check_names(where: str, given: Iterable[object], known: Collection[str], warn: Complain) -> None:
    for name in given:
        if name not in known:
            warn(f"{where}{name}", f"is not known and does nothing{_did_you_mean(str(name), known)}")


def _check_colours(colours: Mapping[str, str], refuse: Complain) -> None:
    if "primary" not in colours:
        refuse("colours.primary", "is needed")
    for name, value in colours.items():
        if not _is_colour(value):
            refuse(f"colours.{name}", f"{value!r} is not a colour")
        elif Color.parse(value).a < 1:
            # A text area without a ground behind it raises.
            refuse(f"colours.{name}", f"{value!r} can be seen through")


def _check_variables(variables: Mapping[str, str], refuse: Complain) -> None:
    for name, value in variables.items():
        if name in _COLOURS:
            refuse(f"variables.{name}", "belongs under colours")
        elif _STYLE_VARIABLE.fullmatch(name):
            if not value.split() or not set(value.split()) <= VALID_STYLE_FLAGS:
                refuse(f"variables.{name}", f"{value!r} is not a text style")
        else:
            colour = _OPACITY.sub("", value)
            if not _is_colour(colour) and not (colour == "auto" and _MAY_BE_AUTO.fullmatch(name)):
                refuse(f"variables.{name}", f"{value!r} is not a colour")


def _is_colour(value: str) -> bool:
    try:
        Color.parse(value)
    except ColorParseError:
        return False
    return value == value.strip()


def _did_you_mean(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
