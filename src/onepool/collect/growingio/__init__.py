"""GrowingIO's protocol of collection, versions 3 and 4, as its web client and its Python client speak it.

``door`` takes requests in, ``decode`` reads what was logged, ``lz`` unpacks what the web client packs.
"""

from __future__ import annotations

PROTOCOL = "growingio"
"""The protocol's name in log records."""
