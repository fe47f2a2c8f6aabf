"""Where an address leads: this machine, this network, or somebody else's."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from llmtui.core.models import ProviderType

_LOCAL_SUFFIXES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


PORTS = {"http": 80, "https": 443}


def host_and_port(place: SplitResult) -> tuple[str, int]:
    """Where an address leads; raises ValueError when it is none."""
    if place.scheme not in PORTS or not place.hostname:
        raise ValueError("no address")
    return place.hostname, place.port or PORTS[place.scheme]


def host_of(base_url: str) -> str:
    """Host and port of an address in lower case, less the port of https; empty when it is none.

    A host that was reached by https is another one by http: what is secret to one is not to the other.
    """
    try:
        place = urlsplit(base_url)
        host, port = host_and_port(place)
    except ValueError:
        return ""
    name = f"[{host}]" if ":" in host else host
    return name if (place.scheme, port) == ("https", PORTS["https"]) else f"{name}:{port}"


def host_type(base_url: str) -> ProviderType:
    """`local` for loopback, private addresses and LAN names, else `cloud`."""
    try:
        host = (urlsplit(base_url if "//" in base_url else f"//{base_url}").hostname or "").lower()
    except ValueError:
        return "cloud"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = bool(host) and ("." not in host or host.endswith(_LOCAL_SUFFIXES))
        return "local" if local else "cloud"
    return "local" if address.is_private or address.is_loopback or address.is_link_local else "cloud"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
