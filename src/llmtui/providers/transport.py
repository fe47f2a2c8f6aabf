"""Why a connection failed, in plain words, and what to do about it."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What went wrong, and the next step where one is known."""

    words: str
    hint: str = ""


_TRUST = "trust the authority on this system, or set network.ca_file to its certificate in PEM"
_CLOCK = "renew the server's certificate; if others accept it, this machine's clock is wrong"
_NAME = "set base_url to a name that the certificate is for"
# OpenSSL's numbers: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_BY_VERIFY_CODE: Mapping[int, Reason] = {
    2: Reason("its certificate is from an authority that is not trusted here", _TRUST),
    9: Reason("its certificate is not valid yet", _CLOCK),
    10: Reason("its certificate has expired", _CLOCK),
    18: Reason("its certificate is self-signed", _TRUST),
    19: Reason("its certificate is from an authority that is not trusted here", _TRUST),
    20: Reason("its certificate is from an authority that is not trusted here", _TRUST),
    21: Reason("its certificate is from an authority that is not trusted here", _TRUST),
    62: Reason("its certificate is for another host name", _NAME),
    64: Reason("its certificate is for another address", _NAME),
}
_NO_TLS = Reason(
    "TLS failure: what answers there speaks no TLS", "write http:// in base_url, or name the port of https"
)
SPEAKS_TLS = Reason("what answers there speaks TLS, and was asked without it", "write https:// in base_url")
_BY_TLS_REASON: Mapping[str, Reason] = {
    name: _NO_TLS
    for name in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
}
REFUSED = Reason(
    "connection refused", "nothing listens there: start the server, or check host and port in base_url"
)
_NO_NAME = Reason("name not found", "check the host's spelling in base_url, and this machine's name service")
_BY_ERRNO: Mapping[int, Reason] = {
    errno.ECONNREFUSED: REFUSED,
    errno.ENETUNREACH: Reason("the network is unreachable", "check this machine's network"),
    errno.EHOSTUNREACH: Reason("no route to host", "check this machine's network, and the host in base_url"),
    errno.ETIMEDOUT: Reason("no connection in time", "check that the host is up and no firewall is between"),
}
# asyncio makes one error of those of all addresses of a host, with their numbers in its words only.
_ERRNO = re.compile(r"\[Errno (\d+)\]")
PROXY_LOGIN = "put user and password into network.proxy, or into HTTPS_PROXY"
_PROXY_REFUSAL = "ask who runs the proxy, or go without: network.proxy: none, or the host in NO_PROXY"
_PROXY_AWAY = "check network.proxy, or HTTPS_PROXY and ALL_PROXY in the environment; `none` goes without"


def reason_of(error: BaseException, *, proxied: bool = False) -> Reason:
    """The reason beneath an exception of an HTTP client or the system; `proxied` when a proxy was asked."""
    names = {base.__name__ for base in type(error).__mro__}
    if "ProxyError" in names:
        words = str(error).lower()
        return Reason(words, PROXY_LOGIN if "407" in words else _PROXY_REFUSAL)
    if "LocalProtocolError" in names or "UnicodeEncodeError" in names:
        return Reason("a header or the address has a character that HTTP does not allow")
    if (found := next(filter(None, map(_known, causes_of(error))), None)) is not None:
        return Reason(found.words, _PROXY_AWAY) if proxied and not is_tls(error) else found
    if "RemoteProtocolError" in names or "ReadError" in names:
        return Reason("the connection was closed before any answer")
    system = (cause.strerror for cause in causes_of(error) if isinstance(cause, OSError) and cause.strerror)
    return Reason((next(system, "") or str(error) or type(error).__name__).lower())


def is_tls(error: BaseException) -> bool:
    """Whether it is the server's TLS that failed, for which no proxy is to blame."""
    return any(isinstance(cause, ssl.SSLError) for cause in causes_of(error))


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and everything beneath it, groups opened."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def _known(cause: BaseException) -> Reason | None:
    match cause:
        case socket.gaierror():
            return _NO_NAME
        case OverflowError():
            return Reason("the port is out of range")
        case ssl.SSLError():
            return _of_tls(cause)
        case OSError():
            numbers = [cause.errno] if cause.errno else map(int, _ERRNO.findall(str(cause)))
            return next(filter(None, map(_BY_ERRNO.get, numbers)), None)
    return None


def _of_tls(error: ssl.SSLError) -> Reason:
    # Only OpenSSL's own errors have these fields.
    refused = getattr(error, "verify_message", "")
    known = _BY_VERIFY_CODE.get(getattr(error, "verify_code", 0))
    if refused and known:
        return Reason(f"TLS certificate refused: {known.words}", known.hint)
    if refused:
        return Reason(f"TLS certificate refused: {refused}", _TRUST)
    reason = getattr(error, "reason", None) or "handshake failed"
    return _BY_TLS_REASON.get(reason, Reason(f"TLS failure: {reason.replace('_', ' ').lower()}"))
