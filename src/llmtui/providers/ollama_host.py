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


def parse_host(text: str) -> OllamaHost:
    """Read an address as Ollama's own client does; never raises.

    Source: https://github.com/ollama/ollama/blob/main/envconfig/config.go (Host). Beyond it, ollama.com
    is never asked without TLS.
    """
    scheme, _, rest = split_credentials(text.strip().strip("'\""))[0].rpartition("://")
    rest, _, path = rest.partition("/")
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
    return OllamaHost(base_url, is_cloud)


def is_cloud_name(model: str | None) -> bool:
    """Whether a model of this name runs at ollama.com even behind a local server."""
    return (model or "").endswith(("-cloud", ":cloud"))


def _split_port(place: str) -> tuple[str, str]:
    """Host and port; a bare IPv6 address has no port."""
    bare = place.strip("[]")
    try:
        return str(ipaddress.ip_address(bare)), ""
    except ValueError:
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
        return host.strip("[]"), port
