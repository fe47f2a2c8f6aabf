"""Addresses of Ollama servers, as people and `OLLAMA_HOST` write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.schema import ProviderSettings
from llmtui.providers.ollama import OllamaProvider
from llmtui.providers.ollama_host import parse_host


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:1234", "http://gpu-box:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:", "http://1.2.3.4:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("http://h", "http://h"),
        ("https://h", "https://h"),
        ("https://h:443/", "https://h"),
        ("https://h:8443", "https://h:8443"),
        ("http://h:11434/", "http://h:11434"),
        ("h/prefix/a/", "http://h:11434/prefix/a"),
        ("https://h/prefix", "https://h/prefix"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1234", "http://[::1]:1234"),
        ("h:99999", "http://h:11434"),
        ("h:port", "http://h:11434"),
        (' "h:1" ', "http://h:1"),
        ("ollama.com", "https://ollama.com"),
        ("http://ollama.com:80", "https://ollama.com"),
        ("https://ollama.com/", "https://ollama.com"),
    ],
)
def test_vectors(text: str, base_url: str) -> None:
    host = parse_host(text)
    assert host.base_url == base_url
    assert host.is_cloud is ("ollama.com" in text)


def test_user_and_password_are_no_part_of_it() -> None:
    assert parse_host("https://user:p%40ss@h/x").base_url == "https://h/x"


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert parse_host(text).base_url


@pytest.mark.parametrize(
    ("settings", "kind", "missing"),
    [
        ({}, "local", None),
        ({"base_url": "gpu-box"}, "local", None),
        ({"base_url": "192.168.1.7:11434"}, "local", None),
        ({"base_url": "ollama.com"}, "cloud", "OLLAMA_API_KEY"),
        ({"base_url": "https://ollama.com", "api_key": "k"}, "cloud", None),
        ({"base_url": "https://ollama.example.org"}, "cloud", None),
        ({"model": "gpt-oss:120b-cloud"}, "hybrid", None),
    ],
)
def test_type_and_missing_key(settings: dict[str, str], kind: str, missing: str | None) -> None:
    full = ProviderSettings(id="o", kind="ollama", **settings)  # type: ignore[arg-type]
    assert OllamaProvider.type_of(full) == kind
    assert OllamaProvider.missing_key_of(full) == missing
