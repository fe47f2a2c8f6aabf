"""A key goes to its own server and nowhere else; what the environment holds goes nowhere at all."""

import base64
import logging
import traceback
from pathlib import Path

import pytest

from llmtui.core.errors import ProviderError
from llmtui.testing.cases import ProviderCase
from llmtui.testing.conformance.asking import asked, failed, stream
from llmtui.testing.laws import drain
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import WireServer

CANARY = "sk-canary-0123456789abcdef"
TOKEN = CANARY[::-1]
PASSWORDS = base64.b64encode(f"user:{CANARY}".encode()).decode()
VARIABLES = [
    *(f"OPENAI_{name}" for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "ORGANIZATION", "PROJECT_ID")),
    *(f"OPENAI_{name}" for name in ("BASE_URL", "WEBHOOK_SECRET")),
    *(f"ANTHROPIC_{name}" for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "PROFILE")),
    *(f"OLLAMA_{name}" for name in ("HOST", "API_KEY", "MODEL")),
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "AZURE_OPENAI_API_KEY"),
    *("MISTRAL_API_KEY", "CO_API_KEY", "COHERE_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
    *("OPENROUTER_API_KEY", "GROQ_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY", "TOGETHER_API_KEY"),
]
POISON = {
    name: f"http://poison.invalid/{name}" if name.endswith(("URL", "HOST")) else f"poison-{name}"
    for name in VARIABLES
} | {
    "OPENAI_CUSTOM_HEADERS": "x-poison: poison-openai\nauthorization: Bearer poison",
    "ANTHROPIC_CUSTOM_HEADERS": "x-poison: poison-anthropic\nx-api-key: poison",
}


class Secrets:
    """What may be seen, and where."""

    @pytest.mark.parametrize("api_key", [None, CANARY], ids=["no-key", "own-key"])
    async def test_nothing_of_the_environment_reaches_the_wire(
        self, case: ProviderCase, api_key: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """SDKs read variables and `.netrc` by themselves, and send them to any host."""
        for name, value in POISON.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login poison password poison\n")
        async with asked(case, api_key=api_key) as (provider, server):
            case.serve(server, TEXT)
            assert (await drain(stream(provider))).error is None
            await provider.check()
            assert len(case.chats(server)) == 1
            for request in server.requests:
                assert b"poison" not in request.raw().lower()
                assert (CANARY.encode() in request.raw()) is (api_key is not None)

    async def test_own_headers_are_sent_with_every_request(self, case: ProviderCase) -> None:
        """Gateways want theirs, on a check too."""
        async with asked(case, headers={"X-Team": "blue", "User-Agent": "mine/1"}) as (provider, server):
            case.serve(server, TEXT)
            await drain(stream(provider))
            await provider.check()
            assert {request.headers.get("x-team") for request in server.requests} == {"blue"}
            assert {request.headers.get("user-agent") for request in server.requests} == {"mine/1"}

    @pytest.mark.parametrize("status", [200, 400, 401, 500])
    async def test_a_key_is_in_no_repr_log_or_error(
        self, case: ProviderCase, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A server may send back what it was sent."""
        caplog.set_level(logging.DEBUG)
        async with asked(case, api_key=CANARY, headers={"x-token": TOKEN}) as (provider, server):
            words = f"Incorrect API key provided: {CANARY} ({TOKEN})"
            case.serve_raw(server, [case.encoder.failure(status, words)], status=status)
            outcome = await drain(stream(provider))
            report = await provider.check()
            assert any(CANARY.encode() in request.raw() for request in server.requests)
        told = [repr(provider), repr(vars(provider)), repr(report), *told_by(outcome.error), caplog.text]
        for text in told:
            assert CANARY not in text
            assert TOKEN not in text

    async def test_a_password_in_the_address_is_sent_and_never_shown(
        self, case: ProviderCase, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Proxies want one, and addresses stand in every error."""
        caplog.set_level(logging.DEBUG)
        async with WireServer() as server:
            case.provider(server)
            provider = case.at(server.url.replace("http://", f"http://user:{CANARY}@"))
            case.serve_raw(server, [case.encoder.failure(401, f"not {CANARY}, not {PASSWORDS}")], status=401)
            outcome = await drain(stream(provider))
            report = await provider.check()
            await provider.aclose()
            seen = {request.headers["authorization"] for request in server.requests}
        assert seen == {f"Basic {PASSWORDS}"}
        for text in (repr(vars(provider)), repr(report), *told_by(outcome.error), caplog.text):
            assert CANARY not in text
            assert PASSWORDS not in text

    async def test_this_machine_is_asked_without_the_proxies_of_the_environment(
        self, case: ProviderCase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What runs here is no business of a proxy."""
        async with WireServer() as proxy, asked(case, api_key=CANARY) as (provider, server):
            for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(variable, proxy.url)
            case.serve(server, TEXT)
            assert (await drain(stream(provider))).error is None
            await provider.check()
            assert not proxy.exchanges

    async def test_a_key_that_is_no_header_is_an_error_that_does_not_show_it(
        self, case: ProviderCase
    ) -> None:
        """Pasted keys hold more than keys, and a header must not become two."""
        odd = {"api_key": f"{CANARY}\nx-evil: 1", "headers": {"x-token": f"{CANARY}é\r\n"}}
        async with asked(case, **odd) as (provider, server):
            case.serve(server, TEXT)
            outcome = await drain(stream(provider))
            assert not any("x-evil" in request.headers for request in server.requests)
        if outcome.error is not None:
            assert CANARY not in "".join(traceback.format_exception(outcome.error))

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_a_redirect_does_not_take_the_key_elsewhere(self, case: ProviderCase, status: int) -> None:
        """Nor the conversation."""
        settings = {"api_key": CANARY, "headers": {"x-token": CANARY}}
        async with WireServer() as elsewhere, asked(case, **settings) as (provider, server):
            location = {"location": f"{elsewhere.url}{case.chat_path.replace('*', 'test-model')}"}
            case.serve_raw(server, [], status=status, headers=location)
            case.serve(elsewhere, TEXT)
            outcome = await drain(stream(provider))
            assert not any(CANARY.encode() in request.raw() for request in elsewhere.requests)
            failed(outcome, ProviderError)


def told_by(error: ProviderError | None) -> list[str]:
    """All words of an error, which there must be."""
    assert error is not None
    return [repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
