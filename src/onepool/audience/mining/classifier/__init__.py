"""How likely something is to come true of each customer."""

from __future__ import annotations

from onepool.audience.mining.classifier.compute import compute_classifier
from onepool.audience.mining.classifier.explain import explain_classifier

__all__ = ["compute_classifier", "explain_classifier"]
