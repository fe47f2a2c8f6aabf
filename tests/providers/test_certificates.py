"""Whose certificates are trusted, and what is said of those that are not."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import ConfigError, ConnectError
from llmtui.core.guard import Clocks, guard
from llmtui.core.models import CheckState, ConnectionReport
from llmtui.core.ports import Provider
from llmtui.providers.network import tls_context
from llmtui.testing.cases import ProviderCase
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import WireServer

HOST = "127.0.0.1"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def authority() -> trustme.CA:
    """An authority of a company's own."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "company-ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(case: ProviderCase, server: WireServer, ca_file: Path | None) -> Provider:
    case.serve(server, TEXT)
    return case.provider(server, network={"ca_file": str(ca_file)} if ca_file else None)


async def ask(provider: Provider) -> Outcome:
    stream = provider.stream_chat(ChatRequest((user("Hello"),)))
    return await drain(guard(stream, provider.id, Clocks(30, 30, 30, 60)))


def told(report: ConnectionReport) -> tuple[str, str, str]:
    assert report.failure is not None
    return report.failure.name, report.failure.detail.partition(" at https://")[0], report.hint


async def test_an_authority_of_the_settings_is_trusted(
    case: ProviderCase, authority: trustme.CA, ca_file: Path
) -> None:
    async with WireServer(tls=serving(authority.issue_cert(HOST))) as server:
        provider = trusting(case, server, ca_file)
        assert (await ask(provider)).error is None
        report = await provider.check()
        await provider.aclose()
    tls = next(stage for stage in report.stages if stage.name == "tls")
    assert (tls.state, tls.detail) == (CheckState.OK, "the certificate is trusted")


async def test_an_unknown_authority_is_refused(case: ProviderCase, authority: trustme.CA) -> None:
    async with WireServer(tls=serving(authority.issue_cert(HOST))) as server:
        provider = trusting(case, server, None)
        error = (await ask(provider)).error
        report = await provider.check()
        await provider.aclose()
        assert server.exchanges == []
    assert isinstance(error, ConnectError)
    stage, words, hint = told(report)
    assert stage == "tls"
    assert words == "TLS certificate refused: its certificate is from an authority that is not trusted here"
    assert words in str(error)
    assert "network.ca_file" in hint
    assert error.hint == hint


@pytest.mark.parametrize(
    ("issue", "words", "hint"),
    [
        (lambda ca: ca.issue_cert(HOST, not_after=YESTERDAY), "has expired", "clock"),
        (
            lambda ca: ca.issue_cert(HOST, not_before=datetime.now(UTC) + timedelta(days=1)),
            "is not valid yet",
            "clock",
        ),
        (lambda ca: ca.issue_cert("10.0.0.1"), "is for another address", "base_url"),
    ],
)
async def test_a_wrong_certificate_is_told_in_words(
    case: ProviderCase,
    authority: trustme.CA,
    ca_file: Path,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    words: str,
    hint: str,
) -> None:
    async with WireServer(tls=serving(issue(authority))) as server:
        provider = trusting(case, server, ca_file)
        error = (await ask(provider)).error
        report = await provider.check()
        await provider.aclose()
    assert report.failure is not None
    assert report.failure.name == "tls"
    assert f"its certificate {words}" in report.failure.detail
    assert hint in report.hint
    assert f"its certificate {words}" in str(error)


async def test_a_wrong_name_is_told_in_words(
    case: ProviderCase, authority: trustme.CA, ca_file: Path
) -> None:
    async with WireServer(tls=serving(authority.issue_cert("other.example.com"))) as server:
        case.serve(server, TEXT)
        url = server.url.replace(HOST, "localhost")
        provider = case.at(url, network={"ca_file": str(ca_file)})
        report = await provider.check()
        await provider.aclose()
    assert told(report)[:2] == ("tls", "TLS certificate refused: its certificate is for another host name")


async def test_a_server_without_tls(case: ProviderCase) -> None:
    async with WireServer(lambda _, responder: responder.stall()) as server:
        server.exchanges.clear()
        provider = case.at(server.url.replace("http:", "https:"))
        report = await provider.check()
        await provider.aclose()
    assert told(report)[0] == "tls"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read {}: no such file or directory"),
        ("", "{} holds no certificates in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "{} holds no certificates in PEM"),
    ],
)
def test_a_file_that_is_none_is_named(
    case: ProviderCase, tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        case.at(f"https://{HOST}", network={"ca_file": str(path)})
    assert str(caught.value) == f"network.ca_file: {words.format(path)}"
    assert caught.value.hint


def test_a_file_that_was_mended_is_read_again(authority: trustme.CA, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(ConfigError):
        tls_context(path)
    authority.cert_pem.write_to_path(path)
    assert tls_context(path) is tls_context(path)
    assert tls_context(path) is not tls_context()


def test_tls_verifies() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


PROBE = """
import asyncio, sys
from llmtui.config.schema import ProviderSettings
from llmtui.providers.openai_compat import OpenAICompatProvider

async def main(url):
    provider = OpenAICompatProvider(ProviderSettings(id="p", kind="openai_compat", base_url=url))
    report = await provider.check()
    await provider.aclose()
    print(report.failure or "trusted")

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(params=["SSL_CERT_FILE", "SSL_CERT_DIR"])
def variables(request: pytest.FixtureRequest, ca_file: Path) -> dict[str, str]:
    """A variable of OpenSSL that names the authority."""
    if request.param == "SSL_CERT_FILE":
        return {request.param: str(ca_file)}
    command = ["openssl", "x509", "-subject_hash", "-noout", "-in", str(ca_file)]
    hashed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    ca_file.rename(ca_file.with_name(f"{hashed}.0"))
    return {request.param: str(ca_file.parent), "SSL_CERT_FILE": ""}


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has a store of its own")
async def test_the_variables_of_openssl_are_obeyed(authority: trustme.CA, variables: dict[str, str]) -> None:
    async with WireServer(tls=serving(authority.issue_cert(HOST))) as server:
        server.reply("/models", [b'{"data": [{"id": "m"}]}'])
        # OpenSSL reads them once in a process.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROBE, server.url),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **variables},
        )
        out, _ = await process.communicate()
    assert out.decode() == "trusted\n"
