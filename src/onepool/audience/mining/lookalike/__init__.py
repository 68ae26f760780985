"""How like customers are to a seed: those for whom a condition holds."""

from __future__ import annotations

from onepool.audience.mining.lookalike.compute import compute_lookalike
from onepool.audience.mining.lookalike.explain import explain_lookalike

__all__ = ["compute_lookalike", "explain_lookalike"]
