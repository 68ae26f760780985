"""The Sensors (神策) protocol, as its clients speak it unmodified.

Shapes: the public description of the data format, and what SensorsAnalyticsSDK 1.11 (Python), sa-sdk-javascript 1.27,
sa-sdk-miniprogram 1.22 and sa-sdk-node 1.2 send. ``door`` takes requests in, ``decode`` reads what was logged.
"""

from __future__ import annotations

PROTOCOL = "sensors"
"""The protocol's name in log records."""
