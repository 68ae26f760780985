"""What a model looks at: figures of each customer before an instant, derived from the pool by themselves."""

from __future__ import annotations

from onepool.audience.mining.features.plan import Column, FeaturePlan, plan_features
from onepool.audience.mining.features.read import Frame, drawn, read_features
from onepool.audience.mining.features.words import feature_title, in_words

__all__ = ["Column", "FeaturePlan", "Frame", "drawn", "feature_title", "in_words", "plan_features", "read_features"]
