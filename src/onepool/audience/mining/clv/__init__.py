"""Lifetime value of customers: what they will still buy, and for how much."""

from __future__ import annotations

from onepool.audience.mining.clv.compute import compute_clv
from onepool.audience.mining.clv.explain import explain_clv

__all__ = ["compute_clv", "explain_clv"]
