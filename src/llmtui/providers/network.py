"""The way to a server: which proxy requests go through, and whose certificates are trusted."""

import importlib.util
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from llmtui.config.credentials import forms_of, split_credentials, without_credentials
from llmtui.config.schema import NO_PROXY, NetworkSettings
from llmtui.core.errors import ConfigError
from llmtui.core.models import ConfigIssue
from llmtui.providers.locality import host_and_port

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts that no proxy is asked for."""
SOCKS_PACKAGE = "socksio"
# A stream may be silent for minutes while a model thinks; without a sign of life routers forget it.
_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
        if hasattr(socket, name)
    ),
]


@cache
def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """The one TLS context for these certificates, which are trusted beside the system's.

    Raises:
        ConfigError: the file is not there, or holds no certificate.
    """
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        # Its message names neither the file nor what is wrong with it.
        except ssl.SSLError:
            raise _wrong_ca(f"{ca_file} holds no certificates in PEM") from None
        except OSError as error:
            raise _wrong_ca(f"cannot read {ca_file}: {(error.strerror or str(error)).lower()}") from None
    return context


@dataclass(frozen=True, slots=True)
class Route:
    """How one server is reached; without a proxy directly, whatever the environment says."""

    proxy: str | None = field(default=None, repr=False)
    """May hold a user and password."""
    ca_file: Path | None = None

    @property
    def proxy_name(self) -> str:
        """The proxy as it may be shown; empty without one."""
        return without_credentials(self.proxy or "").rstrip("/")

    def secrets(self) -> list[str]:
        """What must never be shown or logged."""
        return forms_of(split_credentials(self.proxy or "")[1])

    def require_usable(self) -> None:
        """Raise ConfigError where the certificates or the proxy cannot be used; reads the file."""
        tls_context(self.ca_file)
        if self.proxy and self.proxy.startswith("socks") and not importlib.util.find_spec(SOCKS_PACKAGE):
            problem = ConfigError(f"network.proxy: {self.proxy_name} needs the package {SOCKS_PACKAGE}")
            problem.hint = f"install {SOCKS_PACKAGE}, or name an http:// proxy"
            raise problem

    def transport(self, http: ModuleType, *, reuse: bool = True) -> Any:
        """What a client of `http` (httpx, or httpx2 inside the SDKs) sends its requests by.

        A client that is given a transport looks for no proxy of its own.
        """
        self.require_usable()
        trusted = tls_context(self.ca_file)
        proxy = self.proxy and http.Proxy(
            self.proxy, ssl_context=trusted if self.proxy.startswith("https") else None
        )
        return http.AsyncHTTPTransport(
            verify=trusted,
            trust_env=False,
            proxy=proxy,
            limits=http.Limits() if reuse else http.Limits(max_keepalive_connections=0),
            socket_options=_KEEP_ALIVE,
        )


def route_to(url: str, network: NetworkSettings | None) -> Route:
    """The route to an address: by the settings, and by the environment where they say nothing."""
    network = network or NetworkSettings()
    return Route(_proxy_for(url, network.proxy), network.ca_file)


def network_issues(network: NetworkSettings | None) -> Iterator[ConfigIssue]:
    """What cannot be used of these settings on this machine."""
    if network is None:
        return
    for key, route in (
        ("ca_file", Route(ca_file=network.ca_file)),
        ("proxy", Route(None if network.proxy == NO_PROXY else network.proxy)),
    ):
        try:
            route.require_usable()
        except ConfigError as error:
            yield ConfigIssue(f"network.{key}", str(error).removeprefix(f"network.{key}: "))


def _proxy_for(url: str, configured: str | None) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    try:
        place = urlsplit(url)
        host, port = host_and_port(place)
    except ValueError:
        # No address: whoever asks for it says so.
        return None
    if configured == NO_PROXY or host in LOOPBACK:
        return None
    if proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    if configured is None:
        found = getproxies()
        configured = found.get(place.scheme) or found.get("all") or None
    return configured if configured is None or "://" in configured else f"http://{configured}"


def _wrong_ca(words: str) -> ConfigError:
    problem = ConfigError(f"network.ca_file: {words}")
    problem.hint = "set network.ca_file to a file with the authority's certificate in PEM"
    return problem
