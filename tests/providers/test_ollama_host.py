"""Addresses of Ollama servers, as people and `OLLAMA_HOST` write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.schema import ProviderSettings
from llmtui.providers.ollama.host import parse_host, reading_of
from llmtui.providers.ollama.provider import OllamaProvider


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


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://h:11434/", "http://h:11434"),
        ("gpu-box", "http://gpu-box:11434, read from 'gpu-box'"),
        ("", "http://127.0.0.1:11434, read from ''"),
        ("http://h", "http://h: without a port, http:// means 80 and not 11434"),
        ("https://h/x", "https://h/x: without a port, https:// means 443 and not 11434"),
        (
            "0.0.0.0:1",
            "http://127.0.0.1:1, read from '0.0.0.0:1': 0.0.0.0 is where a server listens, "
            "not where it is reached",
        ),
        (
            "[::]:1",
            "http://[::1]:1, read from '[::]:1': :: is where a server listens, not where it is reached",
        ),
        ("h:99999", "http://h:11434, read from 'h:99999': '99999' is no port"),
        ("h:port", "http://h:11434, read from 'h:port': 'port' is no port"),
        ("ollama.com", "https://ollama.com, read from 'ollama.com': ollama.com is only asked by TLS"),
        ("https://ollama.com", "https://ollama.com"),
        ("http://me:p%40ss@h:1", "http://h:1"),
        ("me:secret@h", "http://h:11434, read from 'h'"),
    ],
)
def test_what_an_address_is_read_as_is_told_with_the_reason(text: str, reading: str) -> None:
    assert reading_of(text) == reading


@given(st.text())
def test_the_reading_names_the_address_that_is_asked(text: str) -> None:
    assert reading_of(text).startswith(parse_host(text).base_url)


@given(st.from_regex(r"[a-z]{1,8}:[A-Z]{8,12}@[a-z]{1,8}(:[0-9]{1,7})?", fullmatch=True))
def test_no_password_is_in_it(text: str) -> None:
    password = text.partition("@")[0].partition(":")[2]
    assert password not in reading_of(text)
    assert password not in reading_of(f"http://{text}")


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


@pytest.mark.parametrize("port", ["\u00b2", "9" * 5000, "65536", "-1"])
def test_what_is_no_port_is_left_out(port: str) -> None:
    assert parse_host(f"http://box:{port}").base_url == "http://box"
