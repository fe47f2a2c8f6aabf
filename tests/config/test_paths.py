from pathlib import Path

from llmtui.config.paths import user_paths


def test_nothing_is_created_by_asking(isolated: Path) -> None:
    paths = user_paths()
    places = [paths.config_file, paths.data_dir, paths.log_dir, paths.theme_dir]
    assert all(isolated in place.parents for place in places)
    assert not any(place.exists() for place in places)
