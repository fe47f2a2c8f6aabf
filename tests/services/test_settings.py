"""A provider's settings over a real file, a real registry and a real server."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from llmtui.config.keys import StoredKey, store_key
from llmtui.config.provider_file import ProviderFile
from llmtui.core.errors import ConfigError
from llmtui.core.models import CheckState, ConnectionReport
from llmtui.services import settings as module
from llmtui.services.provider_form import Edits, ProviderForm
from llmtui.services.services import Services
from llmtui.services.settings import SettingsService
from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import WireServer
from tests.gatekeeper import gatekeeper
from tests.ui.screens.desk import services_at

GOOD = "sk-good-canary-0123456789"
CONFIG = """\
# mine
providers:
  - id: work
    kind: openai_compat
    base_url: {url}/v1 # the gateway
    api_key: ${{WORK_KEY}}
    model: m-1
    headers: {{X-Team: search}}
  - id: box
    kind: ollama
    base_url: http://me:secret-canary@127.0.0.1:1
  - {{id: small, kind: embedded}}
  - {{id: claude, kind: anthropic}}
"""


@asynccontextmanager
async def working(
    folder: Path, url: str = "http://127.0.0.1:1"
) -> AsyncIterator[tuple[Services, SettingsService]]:
    services = services_at(folder, {}, config=CONFIG.format(url=url))
    await services.chat.open()
    try:
        yield services, services.settings()
    finally:
        await services.close()


def stages(report: ConnectionReport) -> dict[str, CheckState]:
    return {stage.name: stage.state for stage in report.stages}


def test_edits_are_something_to_save_or_not() -> None:
    assert not Edits()
    for edits in (Edits({"model": ""}), Edits(key="k"), Edits(forget_key=True)):
        assert edits
    assert GOOD not in repr(Edits(key=GOOD))


async def test_a_form_shows_what_is_written_without_secrets(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("Work")
        assert (form.provider_id, form.title, form.kind, form.headers) == ("work", "work", "openai_compat", 1)
        assert form.place == str(tmp_path / "config.yaml")
        assert form.texts["base_url"] == "http://127.0.0.1:1/v1"
        assert "api_key" not in form.texts
        assert "options.stream_options" in form.texts
        box = await settings.open("box")
        assert box.texts["base_url"] == "http://********@127.0.0.1:1"
        assert "secret-canary" not in repr(box)


async def test_a_kind_without_a_server_has_no_address_and_no_key(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("small")
        assert {"base_url", "api_key"}.isdisjoint(form.texts)
        assert {"base_url", "api_key"}.isdisjoint(field.key for field in form.fields)


async def test_a_provider_that_is_not_in_the_file_or_wrong_there_is_told(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        with pytest.raises(ConfigError, match="not there any more"):
            await settings.open("nobody")


async def test_a_review_says_what_is_wrong_and_what_would_hold(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("work")
        untouched = settings.review(form, Edits())
        assert untouched.ok
        assert untouched.key_place == "no key: WORK_KEY is not set"
        assert (untouched.defaults["name"], untouched.defaults["api_key"]) == ("work", "not set")
        assert untouched.key_removable
        wrong = settings.review(
            form, Edits({"temperature": "hot", "options.extra_body": "{a: 1", "max_tokens": "0"})
        )
        assert not wrong.ok
        assert {issue.key for issue in wrong.issues} == {"temperature", "options.extra_body", "max_tokens"}
        assert "name" not in wrong.defaults


async def test_a_kinds_own_options_are_reviewed_too(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("box")
        review = settings.review(form, Edits({"options.num_ctx": "many"}))
        assert [issue.key for issue in review.issues] == ["options.num_ctx"]


async def test_a_typed_key_and_a_removed_one_are_said_where_they_go(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("work")
        typed = settings.review(form, Edits(key=GOOD))
        assert "keyring" in typed.key_place
        assert typed.defaults["api_key"] == "unchanged"
        assert settings.review(form, Edits(forget_key=True)).key_place == "no key"


async def test_hidden_parts_of_an_address_are_put_back_or_asked_for(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("box")
        moved = Edits({"base_url": "http://********@127.0.0.1:2"})
        assert settings.review(form, moved).ok
        await settings.save(form, moved)
        assert "base_url: http://me:secret-canary@127.0.0.1:2\n" in (tmp_path / "config.yaml").read_text()
        form = await settings.open("box")
        lost = settings.review(form, Edits({"base_url": "http://********:********@127.0.0.1:2"}))
        assert [issue.key for issue in lost.issues] == ["base_url"]


async def test_the_connection_is_tested_by_what_is_typed(tmp_path: Path) -> None:
    async with gatekeeper(GOOD) as server, working(tmp_path, server.url) as (_, settings):
        form = await settings.open("work")
        wrong = await settings.test(form, Edits(key="sk-wrong"))
        assert stages(wrong)["auth"] is CheckState.FAILED
        assert "Incorrect API key" in str(wrong.stages)
        right = await settings.test(form, Edits(key=f" {GOOD}\n"))
        assert right.ok
        assert stages(right)["auth"] is CheckState.OK
        assert stages(right)["context"] is CheckState.SKIPPED
        info = settings.info(form, Edits({"model": "m-9"}, key="k"))
        assert info is not None
        assert info.model == "m-9"
        gone = await settings.test(form, Edits({"base_url": "http://127.0.0.1:1"}, key=GOOD))
        assert stages(gone)["tcp"] is CheckState.FAILED
        assert not (tmp_path / "keys").exists()


async def test_what_cannot_be_tested_is_told_as_a_report(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        form = await settings.open("work")
        nonsense = await settings.test(form, Edits({"temperature": "hot"}, key="k"))
        assert "temperature" in nonsense.stages[0].detail
        keyless = await settings.test(await settings.open("claude"), Edits())
        assert "no API key" in keyless.stages[0].detail
        assert "ANTHROPIC_API_KEY" in keyless.hint


async def test_a_server_that_says_nothing_ends_a_test_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEST_CLOCK_S", 0.3)

    async def say_nothing(_: Request, responder: Responder) -> None:
        await responder.stall()

    async with WireServer(say_nothing) as server, working(tmp_path, server.url) as (_, settings):
        report = await settings.test(await settings.open("work"), Edits(key="k"))
        assert "none within" in report.stages[0].detail


async def test_what_is_saved_is_written_and_used_at_once(tmp_path: Path) -> None:
    async with gatekeeper(GOOD) as server, working(tmp_path) as (services, settings):
        form = await settings.open("work")
        saved = await settings.save(
            form, Edits({"base_url": f"{server.url}/v1", "name": "Work", "max_tokens": "7"}, key=GOOD)
        )
        assert (saved.info.name, saved.reloaded.before[0].name) == ("Work", "work")
        assert saved.notes == (f"key in {tmp_path}/keys/work, readable only by you",)
        assert services.health.info("work") == saved.info
        assert [model.id for model in await services.models.refresh("work")][:2] == ["m-1", "m-2"]
        text = (tmp_path / "config.yaml").read_text()
        assert text.startswith("# mine\n")
        assert f"base_url: {server.url}/v1 # the gateway\n" in text
        assert GOOD not in text
        assert os.stat(tmp_path / "config.yaml").st_mode & 0o777 == 0o600


async def test_a_removed_key_goes_from_its_place(tmp_path: Path) -> None:
    async with working(tmp_path) as (_, settings):
        await settings.save(await settings.open("work"), Edits(key=GOOD))
        assert os.listdir(tmp_path / "keys") == ["work"]
        saved = await settings.save(await settings.open("work"), Edits(forget_key=True))
        assert saved.notes == ("no key",)
        assert os.listdir(tmp_path / "keys") == []


async def test_nothing_is_used_that_could_not_be_written(tmp_path: Path) -> None:
    async with working(tmp_path) as (services, settings):
        form = await settings.open("work")
        path = tmp_path / "config.yaml"
        path.write_text(path.read_text().replace("m-1", "m-9"))
        before = services.health.info("work")
        with pytest.raises(ConfigError, match="model was changed there meanwhile"):
            await settings.save(form, Edits({"model": "m-2"}))
        assert services.health.info("work") is before
        await settings.save(form, Edits({"name": "Other"}))
        assert "model: m-9" in path.read_text()


async def test_a_form_holds_no_secret_for_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORK_KEY", GOOD)
    async with working(tmp_path) as (_, settings):
        form: ProviderForm = await settings.open("work")
        assert GOOD not in repr((form, settings.review(form, Edits()), replace(form)))


async def test_a_typed_key_goes_to_the_server_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gatekeeper(GOOD) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        async with working(tmp_path) as (_, settings):
            form = await settings.open("claude")
            assert settings.review(form, Edits()).defaults["base_url"] == server.url
            assert settings.review(form, Edits(key=GOOD)).defaults["base_url"] == server.url
            await settings.test(form, Edits(key=GOOD))
            assert any(GOOD in request.raw().decode() for request in server.requests)
            saved = await settings.save(form, Edits(key=GOOD))
            assert saved.info.base_url == server.url


async def test_the_keys_of_two_files_do_not_take_each_others_place(tmp_path: Path) -> None:
    stored = []

    def store(provider_id: str, key: str, folder: Path) -> StoredKey:
        stored.append(provider_id)
        return store_key(provider_id, key, folder)

    for suffix in ("", "-other"):
        path = tmp_path / f"config{suffix}.yaml"
        path.write_text(CONFIG.format(url="http://127.0.0.1:1"))
        file = ProviderFile(path, {}, tmp_path, key_suffix=suffix, store=store)
        read = file.read("work")
        file.save(read, {}, key=f"key{suffix}")
        kept = file.read("work")
        file.save(kept, {}, forget=True)
        assert file.forget(kept) == ""
    assert stored == ["work", "work-other"]
    assert list((tmp_path / "keys").iterdir()) == []
