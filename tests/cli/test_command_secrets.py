"""What every command says of a provider whose server echoes the key: never the key."""

import asyncio
import base64
from collections.abc import Callable

import pytest

from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import WireServer
from tests.cli.commands import Run

KEY = "sk-canary-key-0123456789"
HEADER = "canary-header-0123456789"
PASSWORD = "canary-pass-0123456789"
SECRETS = (KEY, HEADER, PASSWORD, base64.b64encode(f"user:{PASSWORD}".encode()).decode())
COMMANDS = (
    ("ask", "hello"),
    ("ask", "--json", "hello"),
    ("providers",),
    ("providers", "--check"),
    ("providers", "--check", "--json"),
    ("models", "list"),
    ("config", "check"),
    ("config", "show"),
    ("config", "show", "--json"),
)


@pytest.mark.parametrize("kind", ["openai_compat", "anthropic", "ollama"])
@pytest.mark.parametrize("options", ["{}", f"{{unknown: {{token: {KEY}}}}}"], ids=["asked", "refused"])
async def test_no_command_shows_a_secret(
    config: Callable[[str], str], run: Run, kind: str, options: str
) -> None:
    async def echo(request: Request, responder: Responder) -> None:
        page = b"<html><title>%s</title>" % request.raw()
        await responder.send(401, page, "text/html", x_request_id=KEY)

    async with WireServer(echo) as server:
        url = server.url.replace("://", f"://user:{PASSWORD}@")
        path = config(
            f"""\
providers:
  - id: a
    kind: {kind}
    model: m
    base_url: {url}
    api_key: {KEY}
    headers: {{x-canary: {HEADER}}}
    options: {options}
"""
        )
        finished = await asyncio.gather(*(run("--config", path, *command) for command in COMMANDS))
        sent = b"".join(request.raw() for request in server.requests)
    for command, one in zip(COMMANDS, finished, strict=True):
        assert [secret for secret in SECRETS if secret in one.out + one.err] == [], command
        assert "Traceback" not in one.err, command
        assert one.out + one.err, command
    # Wrong options keep a provider from being built.
    assert (KEY.encode() in sent) is (options == "{}")
