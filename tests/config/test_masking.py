import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmtui.config.loader import load_settings
from llmtui.config.masking import masked

CANARY = "canary-0123456789"


def shown(folder: Path, data: object, environ: dict[str, str] | None = None) -> dict[str, Any]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data), "utf-8")
    return masked(load_settings(path, environ or {}))


def provider(folder: Path, environ: dict[str, str] | None = None, **settings: object) -> dict[str, Any]:
    (found,) = shown(folder, {"providers": [{"id": "a", "kind": "claude", **settings}]}, environ)["providers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"api_key": CANARY}, "literal"),
        ({"api_key": CANARY, "api_key_env": "OTHER"}, "literal"),
        ({"api_key": "${NAME}"}, "variable NAME"),
        ({"api_key_env": "NAME"}, "variable NAME"),
        ({}, "variable ANTHROPIC_API_KEY"),
        ({"api_key": {"command": f"echo {CANARY}"}}, "command"),
        ({"api_key": {"keyring": "work"}}, "keyring, work of llmtui"),
        ({"api_key": {"file": "~/key"}}, "file ~/key"),
    ],
)
def test_a_key_is_shown_by_where_it_comes_from(tmp_path: Path, settings: dict[str, Any], origin: str) -> None:
    found = provider(tmp_path, {"NAME": CANARY, "ANTHROPIC_API_KEY": CANARY}, **settings)
    assert (found["api_key"], found["api_key_from"]) == ("********", origin)
    assert CANARY not in json.dumps(found)


def test_a_key_that_is_not_there_is_not_shown(tmp_path: Path) -> None:
    assert provider(tmp_path, api_key="${NAME}") == {
        "id": "a",
        "kind": "anthropic",
        "api_key_env": "NAME",
        "timeouts": {"connect": 5.0, "first_event": 60.0, "idle": 120.0},
    }


def test_what_is_set_is_shown_as_it_is_in_effect(tmp_path: Path) -> None:
    found = shown(
        tmp_path,
        {
            "providers": [
                {
                    "id": "a",
                    "kind": "Claude",
                    "base_url": "https://${HOST}/v1",
                    "temperature": 0,
                    "timeouts": {"idle": None},
                    "options": {"prompt_cache": False, "extra_body": {"top_k": 0, "stop": None}},
                }
            ],
            "agents": [{"name": "brief", "temperature": 0}],
        },
        {"HOST": "h"},
    )
    assert found == {
        "default_provider": "a",
        "providers": [
            {
                "id": "a",
                "kind": "anthropic",
                "base_url": "https://h/v1",
                "temperature": 0.0,
                "timeouts": {"connect": 5.0, "first_event": 60.0, "idle": None},
                "options": {"prompt_cache": False, "extra_body": {"top_k": 0, "stop": None}},
            }
        ],
        "agents": [{"name": "brief", "temperature": 0.0}],
        "terminal": {"driver": "thrifty"},
        "health": "live",
        "notify": "bell",
        "log_level": "info",
    }


SECRETS: dict[str, object] = {
    "api_key": CANARY,
    "headers": {"authorization": f"Bearer {CANARY}", "x-anything": CANARY},
    "base_url": f"https://user:{CANARY}@h/v1?key={CANARY}",
    "network": {"proxy": f"http://user:{CANARY}@p"},
    "options": {"extra_body": [{"authToken": CANARY}, {"secret": CANARY}]},
}
ELSEWHERE = ("name", "model", "system_prompt")


@given(
    secrets=st.sets(st.sampled_from(sorted(SECRETS))),
    elsewhere=st.dictionaries(st.sampled_from(ELSEWHERE), st.just(f"see {CANARY}")),
)
def test_no_secret_is_shown_anywhere(
    tmp_path_factory: pytest.TempPathFactory, secrets: set[str], elsewhere: dict[str, str]
) -> None:
    settings: dict[str, Any] = {name: SECRETS[name] for name in secrets}
    # What stands elsewhere is known for a secret by the key.
    settings |= elsewhere if "api_key" in secrets else {}
    found = provider(tmp_path_factory.mktemp("any"), **settings)
    assert CANARY not in json.dumps(found)
    assert set(settings) <= set(found)
