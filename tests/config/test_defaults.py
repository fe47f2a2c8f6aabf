from pathlib import Path

import pytest

from llmtui.config.loader import load_settings
from llmtui.config.schema import ProviderSettings


def without_file(environ: dict[str, str]) -> tuple[str | None, dict[str, ProviderSettings]]:
    settings = load_settings(None, environ).settings
    return settings.default_provider, {provider.id: provider for provider in settings.providers}


def only_provider(tmp_path: Path, text: str, environ: dict[str, str]) -> ProviderSettings:
    path = tmp_path / "config.yaml"
    path.write_text(f"providers: [{text}]\n")
    (provider,) = load_settings(path, environ).settings.providers
    return provider


@pytest.mark.parametrize(
    ("environ", "default"),
    [
        ({}, "embedded"),
        ({"OPENAI_API_KEY": "sk"}, "openai"),
        ({"ANTHROPIC_API_KEY": "sk"}, "claude"),
        ({"ANTHROPIC_API_KEY": "sk", "OPENAI_API_KEY": "sk"}, "openai"),
        ({"OPENAI_API_KEY": ""}, "embedded"),
        ({"GEMINI_API_KEY": "sk"}, "gemini"),
        ({"GEMINI_API_KEY": "sk", "GROQ_API_KEY": "sk"}, "gemini"),
        ({"GEMINI_API_KEY": "sk", "ANTHROPIC_API_KEY": "sk"}, "claude"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"}, "openai"),
        ({"OLLAMA_HOST": "gpu"}, "ollama"),
        ({"OLLAMA_HOST": "gpu", "ANTHROPIC_API_KEY": "sk"}, "claude"),
    ],
)
def test_the_environment_chooses_the_default(environ: dict[str, str], default: str) -> None:
    assert without_file(environ)[0] == default


def test_missing_keys_name_their_variable() -> None:
    _, providers = without_file({})
    assert providers["openai"].api_key_env == "OPENAI_API_KEY"
    assert providers["claude"].api_key_env == "ANTHROPIC_API_KEY"


def test_gemini_is_offered_with_its_key_alone() -> None:
    _, providers = without_file({"GEMINI_API_KEY": "sk"})
    assert (providers["gemini"].kind, providers["gemini"].secrets()) == ("gemini", ["sk"])
    assert "gemini" not in without_file({"GEMINI_API_KEY": ""})[1]


def test_the_environment_brings_addresses() -> None:
    _, providers = without_file({"OPENAI_BASE_URL": "https://gateway.example/v1", "OLLAMA_HOST": "gpu:1234"})
    assert providers["openai"].base_url == "https://gateway.example/v1"
    assert providers["ollama"].base_url == "gpu:1234"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", "openai"),
        ("https://api.openai.com/v1", "openai"),
        ("https://gateway.example/v1", "openai_compat"),
        ("https://api.openai.com.evil.example/v1", "openai_compat"),
        ("http://127.0.0.1:8080/v1", "openai_compat"),
    ],
)
def test_only_openai_itself_is_asked_over_its_own_api(url: str, kind: str) -> None:
    _, providers = without_file({"OPENAI_API_KEY": "sk", "OPENAI_BASE_URL": url})
    assert (providers["openai"].kind, providers["openai"].secrets()) == (kind, ["sk"])


def test_a_file_that_names_providers_shows_only_these(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("providers: []\n")
    settings = load_settings(path, {"OPENAI_API_KEY": "sk"}).settings
    assert (settings.providers, settings.default_provider) == ([], None)


def test_a_file_without_providers_keeps_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("default_provider: Ollama\n")
    settings = load_settings(path, {}).settings
    assert settings.default_provider == "Ollama"
    assert len(settings.providers) == 4


def test_the_first_provider_of_the_file_with_its_key_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "providers: [{id: a, kind: openai_compat, api_key: '${NOPE}'}, {id: b, kind: claude, api_key: k}]\n"
    )
    assert load_settings(path, {}).settings.default_provider == "b"


VENDOR = {"OPENAI_API_KEY": "sk-env", "OPENAI_BASE_URL": "https://env.example/v1"}


def test_a_provider_that_names_neither_takes_both_from_the_environment(tmp_path: Path) -> None:
    provider = only_provider(tmp_path, "{id: a, kind: openai_compat}", VENDOR)
    assert (provider.base_url, provider.secrets()) == ("https://env.example/v1", ["sk-env"])


def test_a_key_of_the_environment_never_goes_to_an_address_of_the_file(tmp_path: Path) -> None:
    provider = only_provider(tmp_path, "{id: a, kind: openai_compat, base_url: 'https://x.example'}", VENDOR)
    assert provider.secrets() == []


def test_a_key_of_the_file_never_goes_to_an_address_of_the_environment(tmp_path: Path) -> None:
    provider = only_provider(tmp_path, "{id: a, kind: openai_compat, api_key: mine}", VENDOR)
    assert (provider.base_url, provider.secrets()) == (None, ["mine"])


def test_what_was_set_in_the_file_stays_set(tmp_path: Path) -> None:
    provider = only_provider(tmp_path, "{id: a, kind: ollama, timeouts: {first_event: 60}}", {})
    assert provider.timeouts.clocks(local=True).first_event == 60
    provider = only_provider(tmp_path, "{id: a, kind: ollama, timeouts: {idle: 60}}", {})
    assert provider.timeouts.clocks(local=True).first_event is None


@pytest.mark.parametrize("host", ["ollama.com", "https://ollama.com:443/", "OLLAMA.com"])
def test_the_ollama_key_goes_to_ollama_com(host: str) -> None:
    _, providers = without_file({"OLLAMA_HOST": host, "OLLAMA_API_KEY": "sk"})
    assert providers["ollama"].secrets() == ["sk"]


@pytest.mark.parametrize(
    "host", ["", "gpu", "evil-ollama.com", "ollama.com.evil.example", "http://x/ollama.com"]
)
def test_the_ollama_key_goes_nowhere_else(host: str) -> None:
    _, providers = without_file({"OLLAMA_HOST": host, "OLLAMA_API_KEY": "sk"})
    assert providers["ollama"].secrets() == []
    assert providers["ollama"].api_key_env is None
