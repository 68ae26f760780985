"""Groups of customers who behave alike."""

from __future__ import annotations

from onepool.audience.mining.cluster.compute import compute_cluster
from onepool.audience.mining.cluster.explain import explain_cluster

__all__ = ["compute_cluster", "explain_cluster"]
