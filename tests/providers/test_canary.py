"""A key, a header's secret and a password pushed through every fault: nothing told or kept holds one."""

import asyncio
import base64
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmtui.bootstrap import build_services
from llmtui.config.loader import LoadedSettings, load_settings
from llmtui.config.masking import masked
from llmtui.config.paths import Paths
from llmtui.core.errors import LlmtuiError
from llmtui.core.events import TextDelta
from llmtui.core.history import Target
from llmtui.services.reply import ReplyClosed
from llmtui.services.services import Services
from llmtui.testing.cases import ProviderCase
from llmtui.testing.scenarios import START, StreamFailure
from llmtui.testing.wire_server import CUT, WireServer, Write

KEY = "sk-canary-key-0123456789"
HEADER = "canary-header-0123456789"
PASSWORD = "canary-pass-0123456789"
BASIC = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
SECRETS = (KEY, HEADER, PASSWORD, BASIC)
ECHO = f"refused: {KEY} Bearer {KEY} / {HEADER} / user:{PASSWORD}@ / Basic {BASIC}"
HALF = (START, TextDelta("half"))
LOGGERS = ("", "httpx", "httpcore", "httpx2", "httpcore2", "anthropic", "openai", "asyncio", "keyring")


@dataclass(frozen=True)
class Answer:
    """What the server answers every request with."""

    status: int = 200
    body: Callable[[ProviderCase], list[Write]] = lambda case: []
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: int) -> Answer:
    return Answer(status, lambda case: [case.encoder.failure(status, ECHO)])


def page(status: int) -> Answer:
    body = f"<!doctype html><html><head><title>{ECHO}</title></head><body>{ECHO}</body></html>"
    return Answer(status, lambda case: [body.encode()], "text/html")


def streamed(*rest: Write, events: tuple[Any, ...] = HALF) -> Answer:
    return Answer(body=lambda case: [*case.encoder.encode(events), *rest], content_type="text/event-stream")


FAULTS = {
    **{str(status): refusal(status) for status in (400, 401, 402, 403, 404, 422, 429, 500, 503, 529)},
    "echo-in-headers": Answer(
        401, lambda case: [b"{}"], headers={"x-request-id": KEY, "request-id": HEADER, "retry-after": KEY}
    ),
    "no-json": Answer(500, lambda case: [ECHO.encode()], "text/plain"),
    "long": Answer(400, lambda case: [f"{'x' * 590}{ECHO}".encode()], "text/plain"),
    "page-500": page(500),
    "page-200": page(200),
    "redirect": Answer(
        307, headers={"location": f"https://user:{PASSWORD}@example.org/{HEADER}/v1?token={KEY}#{KEY}"}
    ),
    "rubbish": Answer(body=lambda case: [ECHO.encode()]),
    "rubbish-object": Answer(body=lambda case: [f'{{"x": "{ECHO}"'.encode()]),
    "cut": streamed(CUT),
    "end": streamed(),
    "malformed": streamed(f"data: {{{ECHO}\n\n{{{ECHO}\n".encode()),
    "malformed-long": streamed(f"data: {'x' * 110}{ECHO}\n\n{'x' * 110}{ECHO}\n".encode()),
    "cut-in-event": streamed(f"data: {{{ECHO}".encode(), CUT),
    "unfinished-line": streamed(f"{{{ECHO}".encode()),
    "error-event": streamed(events=(*HALF, StreamFailure("server", ECHO))),
    "error-text": streamed(f"event: error\ndata: {ECHO}\n\n".encode()),
}


@asynccontextmanager
async def serving(case: ProviderCase, answer: Answer) -> AsyncIterator[str]:
    async def handler(request: Any, responder: Any) -> None:
        body = answer.body(case)
        await responder.start(answer.status, {"content-type": answer.content_type, **answer.headers})
        for write in body:
            if not isinstance(write, bytes):
                responder.cut()
                return
            await responder.write(write)
        await responder.end()

    async with WireServer(handler) as server:
        yield server.url
        assert any(KEY in request.raw().decode() for request in server.requests)


@dataclass
class Witness:
    """Hears everything that is told, and looks at everything that is kept."""

    folder: Path
    caplog: pytest.LogCaptureFixture
    told: list[str] = field(default_factory=list)

    def hear(self, *values: object) -> None:
        for value in values:
            self.told += [str(value), repr(value)]
            if isinstance(value, BaseException):
                self.told += [repr(value.args), repr(vars(value)), *traceback.format_exception(value)]

    def everything(self) -> Iterator[str]:
        yield from self.told
        for record in self.caplog.records:
            yield f"log of {record.name}: {record.getMessage()} {record.__dict__}"
        for path in filter(Path.is_file, self.folder.rglob("*")):
            yield f"{path.name}: {path.read_bytes().decode('utf-8', 'replace')}"

    def check(self) -> None:
        leaks = [text[:2000] for text in self.everything() if any(secret in text for secret in SECRETS)]
        assert leaks == []


@pytest.fixture
def witness(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Witness:
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)
    (tmp_path / "data").mkdir()
    return Witness(tmp_path / "data", caplog)


def configured(folder: Path, case: ProviderCase, url: str, **settings: Any) -> LoadedSettings:
    path = folder / "config.yaml"
    provider = {
        "id": "canary",
        "kind": case.kind,
        "model": "test-model",
        "base_url": url.replace("://", f"://user:{PASSWORD}@"),
        "api_key": KEY,
        "headers": {"x-canary": HEADER},
        **settings,
    }
    path.write_text(yaml.safe_dump({"providers": [provider]}), "utf-8")
    path.chmod(0o644)
    return load_settings(path, {})


async def hear_all(loaded: LoadedSettings, witness: Witness) -> list[LlmtuiError]:
    """Ask, check and list models as the app does; returns what failed."""
    paths = Paths(witness.folder / "config.yaml", witness.folder, witness.folder / "log", witness.folder)
    services = build_services(loaded, paths)
    witness.hear(loaded, loaded.settings, *loaded.settings.providers, *loaded.warnings, loaded.document)
    witness.hear(services, *services.health.infos, masked(loaded))
    await services.chat.open()
    failed = [*await _reply(services, witness), *await _models(services, witness)]
    witness.hear(await services.health.probe("canary"))
    await services.close()
    return failed


async def _reply(services: Services, witness: Witness) -> list[LlmtuiError]:
    target = Target("canary", "test-model")
    chat = services.chat.new(target).conversation.id
    await services.chat.send(chat, "Hello", target)
    reply = await services.chat.reply(chat, target)
    events: list[Any] = []
    # The retries wait for seconds, and tell nothing that the first try does not.
    await services.chat.run(reply, events.append)
    errors = [event.error for event in events if isinstance(event, ReplyClosed) and event.error]
    witness.hear(*events, *errors, reply, services.chat.thread(chat))
    witness.hear(*(services.health.note_failure("canary", error) for error in errors))
    return errors


async def _models(services: Services, witness: Witness) -> list[LlmtuiError]:
    try:
        witness.hear(await services.models.refresh("canary"))
    except LlmtuiError as error:
        witness.hear(error)
        return [error]
    return []


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that do not wait."""
    from llmtui.routing import retry

    monkeypatch.setattr(retry, "backoff_s", lambda *_: 0.0)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("quick")
async def test_no_fault_of_a_server_shows_a_secret(
    case: ProviderCase, fault: str, witness: Witness, tmp_path: Path
) -> None:
    async with serving(case, FAULTS[fault]) as url:
        failed = await hear_all(configured(tmp_path, case, url), witness)
    assert failed
    witness.check()


@pytest.mark.parametrize("place", ["refused", "no-such-host", "no-address", "no-port"])
@pytest.mark.usefixtures("quick")
async def test_no_way_that_leads_nowhere_shows_a_secret(
    case: ProviderCase, place: str, witness: Witness, tmp_path: Path
) -> None:
    async with WireServer() as server:
        closed = server.url
    urls = {
        "refused": closed,
        "no-such-host": "http://nowhere.invalid/v1",
        "no-address": "http://[::1",
        "no-port": "http://127.0.0.1:99999",
    }
    assert await hear_all(configured(tmp_path, case, urls[place]), witness)
    witness.check()


@pytest.mark.parametrize("key", [f"{KEY}\nx", f"{KEY}é", f"{KEY}\x00", f"{KEY}\r\nx-evil: 1"])
@pytest.mark.parametrize("where", ["api_key", "headers"])
async def test_a_secret_that_no_header_can_hold_is_not_shown(
    case: ProviderCase, key: str, where: str, witness: Witness, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"headers": {"x-canary": key}} if where == "headers" else {"api_key": key}
    async with WireServer() as server:
        assert await hear_all(configured(tmp_path, case, server.url, **settings), witness)
        assert not any(b"x-evil" in request.raw() for request in server.requests)
    witness.check()


@pytest.mark.parametrize(
    "source",
    [
        {"command": f"echo {KEY}; echo {KEY} >&2"},
        {"command": f"echo {KEY}; exit 3"},
        {"command": "cat {folder}/key; echo refused >&2; exit 1"},
        {"file": "{folder}/key"},
        {"file": "{folder}/two"},
        {"keyring": "canary"},
    ],
    ids=["command", "command-fails", "command-refuses", "file", "file-with-more", "keyring"],
)
async def test_a_key_from_elsewhere_is_as_secret(
    case: ProviderCase, source: dict[str, str], witness: Witness, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "two").write_text(f"{KEY} {KEY}")
    named = {name: text.format(folder=tmp_path) for name, text in source.items()}
    async with WireServer() as server:
        case.serve_raw(server, [case.encoder.failure(401, ECHO)], status=401)
        assert await hear_all(configured(tmp_path, case, server.url, api_key=named), witness)
    witness.check()


async def test_a_witness_hears_a_leak(witness: Witness) -> None:
    for leak in (LlmtuiError(f"bad {KEY}"), [HEADER], {"user": PASSWORD}):
        witness.told.clear()
        witness.hear(leak)
        with pytest.raises(AssertionError):
            witness.check()
    witness.told.clear()
    witness.check()
    logging.getLogger("httpcore").debug("headers %s", KEY)
    with pytest.raises(AssertionError):
        witness.check()
    witness.caplog.clear()
    await asyncio.to_thread((witness.folder / "kept").write_text, KEY)
    with pytest.raises(AssertionError):
        witness.check()
