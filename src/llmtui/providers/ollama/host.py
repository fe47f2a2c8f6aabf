"""An Ollama server's address, as `OLLAMA_HOST` and people write it, and what leaves it for ollama.com."""

import ipaddress
from dataclasses import dataclass

from llmtui.config.credentials import split_credentials

DEFAULT_PORT = "11434"
SCHEME_PORTS = {"http": "80", "https": "443"}
CLOUD_HOST = "ollama.com"
# Where a server binds is not always where a client can go.
REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class OllamaHost:
    """Where requests go, without user and password."""

    base_url: str
    is_cloud: bool = False

    @property
    def is_default(self) -> bool:
        """Whether Ollama's own programs ask it without being told."""
        return self.base_url == f"http://127.0.0.1:{DEFAULT_PORT}"


def parse_host(text: str) -> OllamaHost:
    """Read an address as Ollama's own client does; never raises.

    Source: https://github.com/ollama/ollama/blob/main/envconfig/config.go (Host). Beyond it, ollama.com
    is never asked without TLS.
    """
    scheme, name, port, path = _parts(text)
    name = REACHABLE.get(name, name)
    is_cloud = name.lower() == CLOUD_HOST
    if is_cloud:
        scheme, port = "https", ""
    own_port = SCHEME_PORTS.get(scheme, DEFAULT_PORT)
    scheme = scheme or "http"
    port = port if _is_port(port) else own_port
    shown = f"[{name}]" if ":" in name else name
    place = shown if port == SCHEME_PORTS.get(scheme) else f"{shown}:{port}"
    base_url = f"{scheme}://{place}/{path}".rstrip("/")
    return OllamaHost(base_url, is_cloud)


def reading_of(text: str) -> str:
    """What an address is read as, and why where it is not what it says; without user and password."""
    host, written = parse_host(text), split_credentials(text.strip())[0]
    if written.rstrip("/") == host.base_url:
        return host.base_url + _note(text, host)
    return f"{host.base_url}, read from '{written}'{_note(text, host)}"


def _note(text: str, host: OllamaHost) -> str:
    scheme, name, port, _ = _parts(text)
    if host.is_cloud:
        return "" if scheme == "https" else ": ollama.com is only asked by TLS"
    if port and not _is_port(port):
        return f": '{port}' is no port"
    if name and name in REACHABLE:
        return f": {name} is where a server listens, not where it is reached"
    if not port and scheme in SCHEME_PORTS:
        return f": without a port, {scheme}:// means {SCHEME_PORTS[scheme]} and not {DEFAULT_PORT}"
    return ""


def _parts(text: str) -> tuple[str, str, str, str]:
    """Scheme, name, port and path, each as written or empty."""
    scheme, _, rest = split_credentials(text.strip().strip("'\""))[0].rpartition("://")
    rest, _, path = rest.partition("/")
    return scheme, *_split_port(rest), path


def _is_port(text: str) -> bool:
    return text.isdecimal() and len(text) < 6 and int(text) < 65536


def _split_port(place: str) -> tuple[str, str]:
    """Host and port; a bare IPv6 address has no port."""
    bare = place.strip("[]")
    try:
        return str(ipaddress.ip_address(bare)), ""
    except ValueError:
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
        return host.strip("[]"), port
