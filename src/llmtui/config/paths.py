"""Where files are kept on this system; nothing is created before somebody writes."""

from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

APP_NAME = "llmtui"


@dataclass(frozen=True, slots=True)
class Paths:
    """The user's places, by the customs of the platform."""

    config_file: Path
    data_dir: Path
    """The database and the embedded model."""
    log_dir: Path
    cache_dir: Path
    """What can be fetched again."""

    @property
    def database(self) -> Path:
        """The chats."""
        return self.data_dir / "llmtui.db"

    @property
    def models_dev(self) -> Path:
        """What models.dev told last."""
        return self.cache_dir / "models.dev.json"

    @property
    def theme_dir(self) -> Path:
        """A person's own themes, beside the config file."""
        return self.config_file.parent / "themes"


def user_paths() -> Paths:
    """The places of the user who runs this; `XDG_*` variables are obeyed."""
    dirs = PlatformDirs(APP_NAME, appauthor=False)
    return Paths(
        config_file=dirs.user_config_path / "config.yaml",
        data_dir=dirs.user_data_path,
        log_dir=dirs.user_log_path,
        cache_dir=dirs.user_cache_path,
    )


def from_home(path: Path) -> str:
    """The path as a person says it, with `~` for the home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
