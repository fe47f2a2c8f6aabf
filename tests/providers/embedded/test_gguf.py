from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmtui.providers.embedded.gguf import GgufHead, read_head
from tests.providers.embedded.gguf_files import gguf_bytes

VALUES: list[tuple[str, object]] = [
    ("general.languages", ["en", "fr"]),
    ("general.architecture", "llama"),
    ("general.name", "Small model"),
    ("general.size_label", "135M"),
    ("some.numbers", [1, 2, 3]),
    ("some.flag", True),
    ("some.ratio", 0.5),
    ("other.context_length", 4),
    ("llama.context_length", 2048),
]


def test_head_names_model_and_trained_context(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_bytes(VALUES))
    assert read_head(path) == GgufHead("Small model", "135M", 2048, "llama")


def test_reading_stops_before_the_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_bytes([*VALUES, ("tokenizer.ggml.tokens", ["a"])])[:-20])
    assert read_head(path).context_length == 2048


def test_context_is_unknown_where_the_file_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_bytes([("general.architecture", "llama")]))
    assert read_head(path).context_length is None


@pytest.mark.parametrize("content", [b"", b"GGUF", b"<html>not a model</html>" * 9])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="GGUF"):
        read_head(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(cut=st.integers(0, len(gguf_bytes(VALUES))), noise=st.binary(max_size=64))
def test_a_damaged_file_is_read_or_refused_but_never_crashes(tmp_path: Path, cut: int, noise: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_bytes(VALUES)[:cut] + noise)
    with suppress(ValueError):
        assert isinstance(read_head(path), GgufHead)
