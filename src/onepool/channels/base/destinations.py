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


_TRANSLATED: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("::/96"))
"""An IPv4 address stands in the last 32 bits of these (NAT64, and the old way of writing one)."""


def forbidden(host: str) -> bool:
    """Whether a host is, or is called, one of these addresses. One that has no address can't be reached anyway.

    Who connects by the name afterwards may be given another address: see `addresses`.
    """
    return any(nowhere(one) for one in addresses(host))


def addresses(host: str) -> list[str]:
    """The addresses of a host in the order to try them, each once; none where it has no address."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def nowhere(text: str) -> bool:
    """Whether an address is one that nothing is sent to, also where it stands within another."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if any(address in network for network in _NOWHERE if network.version == address.version):
        return True
    if isinstance(address, IPv4Address):
        return False
    within = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _TRANSLATED):
        within.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return any(one in network for one in within if one is not None for network in _NOWHERE if network.version == 4)
