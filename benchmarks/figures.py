"""What a measure found, kept as JSON so that one can be taken again and the others stay."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.surroundings import surroundings


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one unit, by label, in the order in which they are drawn."""

    title: str
    unit: str
    bars: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """A table, with charts that show some of it; `about` says how the figures are defined."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    charts: Sequence[Chart] = ()
    taken: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    surroundings: str = field(default_factory=surroundings)


def figures_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where figures are kept between runs."""
    return cache_folder(environment) / "figures"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where all that the measures fetch and keep is."""
    home = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "llmtui-benchmarks"


def save(folder: Path, name: str, figures: Figures) -> None:
    """Keep what a measure found instead of what it found before."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(asdict(figures), indent=1))


def load(folder: Path, name: str) -> Figures | None:
    """What a measure found last; None if it was never taken."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    return Figures(**{**found, "charts": [Chart(**chart) for chart in found["charts"]]})
