"""An Ollama server's address, as `OLLAMA_HOST` and people write it."""

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote

DEFAULT_PORT = "11434"
SCHEME_PORTS = {"http": "80", "https": "443"}
CLOUD_HOST = "ollama.com"
# Where a server binds is not always where a client can go.
REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class OllamaHost:
    """Where requests go; `secrets` are what the address held and nobody may see."""

    base_url: str
    authorization: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    is_cloud: bool = False


def parse_host(text: str) -> OllamaHost:
    """Read an address as Ollama's own client does; never raises.

    Source: https://github.com/ollama/ollama/blob/main/envconfig/config.go (Host). Beyond it, a user and
    password become a header, and ollama.com is never asked without TLS.
    """
    scheme, _, rest = text.strip().strip("'\"").rpartition("://")
    rest, _, path = rest.partition("/")
    user, _, rest = rest.rpartition("@")
    name, port = _split_port(rest)
    name = REACHABLE.get(name, name)
    is_cloud = name.lower() == CLOUD_HOST
    if is_cloud:
        scheme, port = "https", ""
    own_port = SCHEME_PORTS.get(scheme, DEFAULT_PORT)
    scheme = scheme or "http"
    port = port if port.isdigit() and int(port) < 65536 else own_port
    shown = f"[{name}]" if ":" in name else name
    place = shown if port == SCHEME_PORTS.get(scheme) else f"{shown}:{port}"
    base_url = f"{scheme}://{place}/{path}".rstrip("/")
    return OllamaHost(base_url, *_basic(unquote(user)), is_cloud=is_cloud)


def _split_port(place: str) -> tuple[str, str]:
    """Host and port; a bare IPv6 address has no port."""
    bare = place.strip("[]")
    try:
        return str(ipaddress.ip_address(bare)), ""
    except ValueError:
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
        return host.strip("[]"), port


def _basic(user: str) -> tuple[str | None, tuple[str, ...]]:
    if not user:
        return None, ()
    token = base64.b64encode(user.encode()).decode()
    password = user.partition(":")[2]
    return f"Basic {token}", tuple(filter(None, (token, user, password)))
