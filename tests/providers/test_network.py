"""The way to a server: proxies of the settings and of the environment, and logins that are never shown."""

import logging
import ssl
import sys
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from llmtui.config.schema import NetworkSettings
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import user
from llmtui.core.errors import ConfigError, ConnectError, ProviderError
from llmtui.core.guard import Clocks, guard
from llmtui.core.models import CheckState
from llmtui.core.ports import Provider
from llmtui.providers.network import route_to
from llmtui.testing.cases import ProviderCase
from llmtui.testing.laws import Outcome, drain
from llmtui.testing.scenarios import TEXT
from llmtui.testing.wire_server import WireServer
from tests.providers.forward_proxy import ForwardProxy

NAME = "llm.example.com"
PASSWORD = "proxy-canary-0123456789"
LOGIN = f"somebody:{PASSWORD}"


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server


async def ask(provider: Provider) -> Outcome:
    stream = provider.stream_chat(ChatRequest((user("Hello"),)))
    return await drain(guard(stream, provider.id, Clocks(30, 30, 30, 60)))


def behind(case: ProviderCase, server: WireServer, scheme: str = "http", **network: Any) -> Provider:
    """A provider under a name that only a proxy can find."""
    case.provider(server)
    case.serve(server, TEXT)
    return case.at(f"{scheme}://{NAME}", network=network, api_key="sk-key")


# Through a proxy


async def test_a_proxy_of_the_settings_is_asked_with_its_login(
    case: ProviderCase, server: WireServer
) -> None:
    async with ForwardProxy(server.address, LOGIN) as proxy:
        provider = behind(case, server, proxy=proxy.url(LOGIN))
        assert (await ask(provider)).error is None
        report = await provider.check()
        await provider.aclose()
        assert {asked.login for asked in proxy.asked} == {LOGIN}
        places = [urlsplit(asked.target) for asked in proxy.asked]
        assert any(place.netloc == NAME and case.is_chat(place.path) for place in places)
        assert all(request.headers["host"] == NAME for request in server.requests)
        assert not any(PASSWORD.encode() in request.raw() for request in server.requests)
        name = report.stages[0]
        assert (name.name, name.state, name.detail) == (
            "name",
            CheckState.SKIPPED,
            f"left to the proxy http://{proxy.address}",
        )


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_asked_too(
    case: ProviderCase, server: WireServer, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ForwardProxy(server.address, LOGIN) as proxy:
        monkeypatch.setenv(variable.lower(), proxy.url(LOGIN))
        provider = behind(case, server)
        assert (await ask(provider)).error is None
        await provider.aclose()
        assert {asked.login for asked in proxy.asked} == {LOGIN}


async def test_https_goes_through_a_tunnel(case: ProviderCase, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(trusted)
    async with WireServer(tls=trusted) as server, ForwardProxy(server.address, LOGIN) as proxy:
        provider = behind(case, server, "https", proxy=proxy.url(LOGIN), ca_file=str(tmp_path / "ca.pem"))
        assert (await ask(provider)).error is None
        await provider.aclose()
        assert {(asked.method, asked.target) for asked in proxy.asked} == {("CONNECT", f"{NAME}:443")}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_login_is_the_proxys_and_is_not_shown(
    case: ProviderCase, server: WireServer, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with ForwardProxy(server.address, "other:login") as proxy:
        provider = behind(case, server, scheme, proxy=proxy.url(LOGIN))
        error = (await ask(provider)).error
        report = await provider.check()
        await provider.aclose()
    assert isinstance(error, ConnectError)
    assert "proxy" in str(error)
    assert "network.proxy" in error.hint
    assert report.failure is not None
    assert report.failure.name == "http"
    assert server.exchanges == []
    told = [repr(vars(provider)), repr(error), "".join(traceback.format_exception(error)), repr(report)]
    assert not [text for text in (*told, caplog.text) if PASSWORD in text]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_away_is_named_instead_of_the_server(case: ProviderCase, scheme: str) -> None:
    provider = case.at(f"{scheme}://{NAME}", network={"proxy": f"http://{LOGIN}@127.0.0.1:9"})
    error = (await ask(provider)).error
    report = await provider.check()
    await provider.aclose()
    assert isinstance(error, ProviderError)
    assert str(error) == "connection refused at the proxy http://127.0.0.1:9"
    assert "network.proxy" in error.hint
    assert report.failure is not None
    assert report.failure.detail == str(error)
    assert report.hint == error.hint


# Past every proxy


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_is_never_asked_through_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert route_to(f"http://{host}:1", NetworkSettings(proxy="http://127.0.0.1:9")).proxy is None


@pytest.mark.parametrize(
    ("proxy", "no_proxy", "expected"),
    [
        (None, "", "http://env:1"),
        (None, NAME, None),
        (None, "example.com", None),
        (None, ".example.com", None),
        (None, f"{NAME}:443", None),
        (None, f"{NAME}:444", "http://env:1"),
        (None, "*", None),
        ("none", "", None),
        ("http://own:1", "", "http://own:1"),
        ("http://own:1", NAME, None),
    ],
)
def test_which_proxy_is_asked(
    proxy: str | None, no_proxy: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "env:1")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert route_to(f"https://{NAME}/v1", NetworkSettings(proxy=proxy)).proxy == expected


async def test_without_a_proxy_the_environment_is_not_asked(
    case: ProviderCase, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDKs look for one of their own."""
    async with ForwardProxy(server.address) as proxy:
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url())
        provider = behind(case, server, proxy="none")
        error = (await ask(provider)).error
        await provider.aclose()
        assert "name not found" in str(error)
        assert proxy.asked == []


# What cannot be used


@pytest.mark.skipif("socksio" in sys.modules, reason="the package is there")
def test_a_socks_proxy_needs_a_package(case: ProviderCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="socks5://h:1 needs the package socksio") as caught:
        case.at(f"http://{NAME}", network={"proxy": "socks5://user:secret@h:1"})
    assert "secret" not in str(caught.value)
    assert "install socksio" in caught.value.hint


def test_issues_name_the_setting(case: ProviderCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    settings = {"id": "p", "kind": "k", "base_url": "http://h"}
    network = {"proxy": "socks5://h:1", "ca_file": "/nonesuch.pem"}
    provider = case.at("http://h")
    issues = {
        issue.key: issue.message for issue in provider.validate_config({**settings, "network": network})
    }
    assert issues == {
        "network.proxy": "socks5://h:1 needs the package socksio",
        "network.ca_file": "cannot read /nonesuch.pem: no such file or directory",
    }
    (wrong,) = provider.validate_config({**settings, "network": {"proxy": f"ftp://{LOGIN}@h"}})
    assert wrong.key == "network.proxy"
    assert PASSWORD not in wrong.message
