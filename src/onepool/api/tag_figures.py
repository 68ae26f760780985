"""How a tag's values are spread, kept until one of them changes: a look at a tag need not count everybody anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

from onepool.audience.sets import outcome_number
from onepool.pool import catalog
from onepool.pool.engine import Session
from onepool.pool.histogram import Bar, histogram
from onepool.state import State

MOST: Final = 2_000
"""Tags whose figures are kept at once."""


@dataclass(frozen=True, slots=True)
class TagSpread:
    """A tag's values after the outcome of this number: coverage (None: nobody has one), the commonest with their
    customers, quantiles and bars of its numbers."""

    revision: int | None
    figures: catalog.TagFigures | None
    values: list[tuple[str, int]]
    spread: catalog.Spread | None
    bars: list[Bar]


def past_spread(session: Session, tag: str, at: datetime) -> TagSpread:
    """A tag's values as they were, without quantiles and bars."""
    figures = catalog.tag_figures(session, tag, at).get(tag)
    return TagSpread(None, figures, catalog.tag_distribution(session, tag, at=at), None, [])


class KeptSpreads:
    """By tag. From any thread; exact for the session's snapshot."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, TagSpread] = {}

    def of(self, session: Session, tag: str) -> TagSpread:
        """As kept where no outcome changed the tag since, else counted."""
        revision = outcome_number(session)
        with self._lock:
            kept = self._kept.get(tag)
        if revision is not None and kept is not None and kept.revision is not None and kept.revision <= revision:
            if kept.revision == revision:
                return kept
            if not _changed(session, tag, kept.revision):
                found = replace(kept, revision=revision)
                self._keep(tag, found)
                return found
        found = TagSpread(
            revision,
            catalog.tag_figures(session, tag).get(tag),
            catalog.tag_distribution(session, tag),
            catalog.tag_spread(session, tag),
            histogram(session, tag),
        )
        self._keep(tag, found)
        return found

    def _keep(self, tag: str, found: TagSpread) -> None:
        if found.revision is None:
            return
        with self._lock:
            before = self._kept.pop(tag, None)
            newer = before is not None and before.revision is not None and before.revision > found.revision
            # The latest asked for stands last.
            self._kept[tag] = before if newer and before is not None else found
            while len(self._kept) > MOST:
                self._kept.pop(next(iter(self._kept)))


_SPREADS: WeakKeyDictionary[State, KeptSpreads] = WeakKeyDictionary()


def spreads_of(state: State) -> KeptSpreads:
    """Those of the workspace that this state is of."""
    return _SPREADS.setdefault(state, KeptSpreads())


def _changed(session: Session, tag: str, after: int) -> bool:
    """Whether an outcome behind a number changed the tag. Outcomes lie in order: only the latest are looked at."""
    found = session.query(
        "SELECT 1 AS one FROM tag_changes WHERE change_id > $after AND tag = $tag LIMIT 1", {"after": after, "tag": tag}
    )
    return bool(found.num_rows)
