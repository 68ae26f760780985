"""The data map as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from onepool.collect.touchpoint import Touchpoint
from onepool.identity.read import Sources
from onepool.insight.map.declared import declared
from onepool.insight.map.gaps import gaps
from onepool.insight.map.gather import Gathered
from onepool.insight.map.linkage import flows, linkage
from onepool.insight.map.matrix import identifier_cells, places, signal_cells
from onepool.insight.map.reach import reach
from onepool.insight.map.types import DataMap


def data_map(
    sources: Sources, gathered: Gathered, touchpoints: Mapping[str, Touchpoint], now: datetime, zone: ZoneInfo
) -> DataMap:
    """Everything the map says, from what was gathered and what the pool holds."""
    given = {name: declared(one, sources.standard) for name, one in touchpoints.items()}
    found = places(sources.session, gathered, touchpoints, given, now)
    customers = {one.touchpoint: one.customers for one in found}
    identifiers = identifier_cells(sources, gathered, given, customers)
    signals = signal_cells(sources.session, sources.standard, given)
    missing = gaps(sources, gathered, found, identifiers, signals, given, now)
    reached = reach(sources, gathered, touchpoints, given, now)
    with gathered.read() as work:
        total = int(work.query("SELECT count(*) AS n FROM ident")["n"][0].as_py())
    return DataMap(
        at=now,
        customers=gathered.customers,
        identifiers=total,
        places=found,
        identifier_cells=identifiers,
        signal_cells=signals,
        linkage=linkage(sources, gathered, customers),
        flows=flows(gathered, zone),
        reach=reached.kinds,
        reachable=reached.reachable,
        reachable_by=reached.by_touchpoint,
        overlap=reached.overlap,
        gaps=[one for one in missing if one.explained is None],
        explained=[one for one in missing if one.explained is not None],
    )
