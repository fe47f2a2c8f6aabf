from pathlib import Path

import pytest

from llmtui.config.credentials import is_telling, masked_address
from llmtui.config.loader import load_settings

PROVIDER = "providers: [{{id: a, kind: openai_compat, {}}}]\n"


def warnings(
    tmp_path: Path, text: str, mode: int = 0o644, environ: dict[str, str] | None = None
) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    path.chmod(mode)
    return load_settings(path, environ or {}).warnings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (PROVIDER.format("api_key: sk"), "providers[0].api_key"),
        (PROVIDER.format("api_key: sk, api_key_env: NAME"), "providers[0].api_key"),
        (PROVIDER.format("headers: {Authorization: Bearer sk}"), "providers[0].headers.Authorization"),
        (PROVIDER.format("headers: {x-api-key: sk}"), "providers[0].headers.x-api-key"),
        (PROVIDER.format("headers: {Cookie: s=1}"), "providers[0].headers.Cookie"),
        (PROVIDER.format("base_url: 'https://u:p@h/v1'"), "providers[0].base_url"),
        (PROVIDER.format("network: {proxy: 'http://u:p@h'}"), "providers[0].network.proxy"),
        (PROVIDER.format("options: {extra_body: {x: [{auth_token: t}]}}"), "extra_body.x[0].auth_token"),
        ("network: {proxy: 'http://u:p@h'}\n", "network.proxy"),
    ],
)
def test_a_secret_that_others_can_read_is_warned_of(tmp_path: Path, text: str, place: str) -> None:
    (warning,) = warnings(tmp_path, text)
    assert f"{place})" in warning
    assert f"chmod 600 {tmp_path / 'config.yaml'}" in warning
    assert len(warnings(tmp_path, text, 0o640)) == 1
    assert warnings(tmp_path, text, 0o600) == []


@pytest.mark.parametrize(
    "provider",
    [
        "api_key: '${K}'",
        "api_key_env: K",
        "api_key: {command: 'echo k'}",
        "headers: {authorization: 'Bearer ${K}', x-team: blue}",
        "base_url: 'https://${K}@h/v1'",
        "base_url: 'https://h/v1'",
        "options: {max_tokens_field: max_tokens, short_tool_ids: true}",
    ],
)
def test_what_is_no_secret_needs_no_warning(tmp_path: Path, provider: str) -> None:
    assert warnings(tmp_path, PROVIDER.format(provider), environ={"K": "sk"}) == []


def test_all_secrets_are_one_warning(tmp_path: Path) -> None:
    text = "providers: [{id: a, kind: claude, api_key: k}, {id: b, kind: claude, api_key: k}]\n"
    (warning,) = warnings(tmp_path, text)
    assert "(providers[0].api_key, providers[1].api_key)" in warning


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o444, True)])
def test_a_keys_file_that_others_can_read_is_warned_of_and_used(
    tmp_path: Path, mode: int, warned: bool
) -> None:
    key = tmp_path / "a key"
    key.write_text("sk")
    key.chmod(mode)
    found = warnings(tmp_path, PROVIDER.format(f"api_key: {{file: '{key}'}}"))
    expected = f"{tmp_path}/config.yaml:1: providers[0].api_key.file: others can read the key's file: "
    assert found == [f"{expected}chmod 600 '{key}'"] * warned


def test_a_keys_file_that_is_not_there_yet_is_no_mistake(tmp_path: Path) -> None:
    assert warnings(tmp_path, PROVIDER.format(f"api_key: {{file: '{tmp_path / 'none'}'}}")) == []


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        *(
            (name, True)
            for name in ("Authorization", "x-api-key", "X-API-KEY", "authToken", "apikey", "COOKIE")
        ),
        *((name, True) for name in ("proxy-authorization", "client_secret", "password", "session-token")),
        *((name, False) for name in ("max_tokens", "x-team", "keyboard", "short_tool_ids", "author", "")),
    ],
)
def test_names_that_secrets_have(name: str, telling: bool) -> None:
    assert is_telling(name) is telling


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/v1", "https://h/v1"),
        ("https://u:p@h/v1", "https://********@h/v1"),
        ("u@h:1", "********@h:1"),
        ("https://h/v1?key=sk", "https://h/v1?********"),
        ("https://u:can/ary@h/v1", "https://********@h/v1"),
        ("https://u:can?ary@h/v1", "https://********@h/v1"),
        ("https://h:1/@cf/v1", "https://h:1/@cf/v1"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert masked_address(url) == shown
