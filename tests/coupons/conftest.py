"""A state on both engines, and batches of coupons in it."""

from __future__ import annotations

from tests.postgres import postgres_server, state, state_url

__all__ = ["postgres_server", "state", "state_url"]
