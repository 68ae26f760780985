"""Insight: what the pool as a whole says. So far the data map and the quality of data.

``onepool.insight.map``: which touchpoint yields which identifiers and signals, what joins them, who can be reached, and
where the gaps are. ``onepool.insight.quality``: how complete, valid, unique, consistent and timely the data is.
"""

from __future__ import annotations
