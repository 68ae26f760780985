"""Programs that open links and pictures of messages before, or instead of, a person."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Final

_MACHINES: Final = re.compile(
    r"(?<!cu)bot\b|bots[/;) -]|crawl|spider|slurp|preview|scanner|facebookexternalhit|whatsapp|telegram|slack-?img|"
    r"skypeuri|googleimageproxy|google-(safety|read-aloud|inspection)|yisou|headless|phantomjs|curl/|wget/|python-|"
    r"aiohttp|go-http-client|java/|okhttp/|apache-httpclient|libwww|httpx/|axios/|node-fetch|postman|barracuda|mimecast|"
    r"proofpoint|symantec",
    re.IGNORECASE,
)
_PROXIES: Final = re.compile(r"googleimageproxy|ggpht\.com|yahoomailproxy|proxy", re.IGNORECASE)
_APPLE: Final = ip_network("17.0.0.0/8")


def machine_agent(agent: str) -> bool:
    """Whether a user agent is a known program's (link previews, scanners, crawlers, libraries), or says nothing."""
    return not agent or _MACHINES.search(agent) is not None


def image_proxy(agent: str, ip: str) -> bool:
    """Whether pictures are fetched by a mailbox's proxy, read or not: Gmail, Yahoo, Apple Mail Privacy Protection.

    Apple's says no more of itself than `Mozilla/5.0`, or comes from Apple's own network.
    """
    if not agent or agent.strip() == "Mozilla/5.0" or _PROXIES.search(agent):
        return True
    try:
        return ip_address(ip) in _APPLE
    except ValueError:
        return False
