"""Where nothing is sent to, whatever a setting says: addresses at which clouds hand their machines' keys out.

A brand's own systems stand in private networks and on this machine, so those are allowed.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_NOWHERE: Final = tuple(
    ip_network(one)
    for one in (
        "169.254.0.0/16",  # link-local: 169.254.169.254 of most clouds, 169.254.0.23 of Tencent Cloud
        "fe80::/10",
        "fd00:ec2::254/128",
        "100.100.100.200/32",  # Alibaba Cloud
        "0.0.0.0/32",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
    )
)


def forbidden(host: str) -> bool:
    """Whether a host is, or is called, one of these addresses. One that has no address can't be reached anyway."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return any(_nowhere(one) for one in found)


def _nowhere(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _NOWHERE if network.version == address.version)
