"""The data map: touchpoints, identifiers, signals, what joins them, who can be reached, and where the gaps are."""

from __future__ import annotations

from onepool.insight.map.build import data_map
from onepool.insight.map.cells import Cell, cell_customers
from onepool.insight.map.gather import Gathered, gather
from onepool.insight.map.types import DataMap
from onepool.insight.map.what_if import WhatIf, WhatIfError, what_if

__all__ = [
    "Cell",
    "DataMap",
    "Gathered",
    "WhatIf",
    "WhatIfError",
    "cell_customers",
    "data_map",
    "gather",
    "what_if",
]
