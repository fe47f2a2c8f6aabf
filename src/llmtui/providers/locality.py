"""Whether an address is this machine, this network, or somebody else's."""

import ipaddress
from urllib.parse import urlsplit

from llmtui.core.models import ProviderType

_LOCAL_SUFFIXES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def host_type(base_url: str) -> ProviderType:
    """`local` for loopback, private addresses, LAN names and no address at all, else `cloud`."""
    try:
        host = (urlsplit(base_url if "//" in base_url else f"//{base_url}").hostname or "").lower()
    except ValueError:
        return "cloud"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = "." not in host or host.endswith(_LOCAL_SUFFIXES)
        return "local" if local else "cloud"
    return "local" if address.is_private or address.is_loopback or address.is_link_local else "cloud"
