import pytest

from llmtui.config.credentials import split_credentials
from llmtui.config.schema import ProviderSettings


@pytest.mark.parametrize(
    ("url", "address", "user"),
    [
        ("https://h/v1", "https://h/v1", ""),
        ("https://u:p%40ss@h:1/v1", "https://h:1/v1", "u:p@ss"),
        ("u:p@h:1", "h:1", "u:p"),
        ("http://u@[::1]:1/x@y", "http://[::1]:1/x@y", "u"),
        ("https://h/?to=ftp://u:p@x", "https://h/?to=ftp://u:p@x", ""),
        ("", "", ""),
    ],
)
def test_an_address_is_split(url: str, address: str, user: str) -> None:
    assert split_credentials(url) == (address, user)


def test_a_password_in_the_address_is_a_secret() -> None:
    settings = ProviderSettings(id="a", kind="openai_compat", base_url="https://user:canary@h/v1")
    assert settings.secrets() == ["user:canary", "canary", "dXNlcjpjYW5hcnk="]
    assert "canary" not in repr(settings)
    assert ProviderSettings(id="a", kind="ollama", base_url="https://h").secrets() == []
