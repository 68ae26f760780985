"""OnePool (一池): an open-source customer data platform for private-domain operation."""

from __future__ import annotations

__version__ = "0.1.0"
