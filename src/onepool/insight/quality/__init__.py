"""Data quality: how complete, valid, unique, consistent and timely each touchpoint's data is."""

from __future__ import annotations

from onepool.insight.quality.build import quality
from onepool.insight.quality.types import DIMENSIONS, WEIGHTS, Dimension, Measure, Quality, score

__all__ = ["DIMENSIONS", "WEIGHTS", "Dimension", "Measure", "Quality", "quality", "score"]
