"""Tenures settled bucket after bucket: by whichever thread is free, while one of them arranges, in order, what is left.

New tenures are numbered as they are born, so what bears them is for one thread at a time, from the first bucket to the
last (`batch_tenures.arrange_bucket`); the others go on sorting and settling meanwhile, some buckets ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

import numpy as np

from onepool.identity import batch_tenures
from onepool.identity.arrays import FULL, I64, NODES, Arrays
from onepool.identity.tenures import ROOM
from onepool.identity.threads import Crew

AHEAD = 4
"""So many buckets for each thread are settled ahead of what is arranged at most."""
LARGE = 0.9
"""Larger than this share of the buckets are those whose room is given back once they are settled."""


class Buckets:
    """Half-edges in buckets, as from `batch_tenures.gather`, to settle the tenures of their identifiers."""

    def __init__(
        self, room: Callable[[int], Arrays], crew: Crew, records: I64, chunks: I64, ends: I64, thorough: bool
    ) -> None:
        """`room` gives the tables with room for so many nodes more; see `batch.solve`."""
        self._room, self._crew, self._thorough = room, crew, thorough
        self._records, self._chunks, self._ends = records, chunks, ends
        self._nodes, self._count = int(room(0).counts[NODES]), ends.shape[1]
        sizes = np.empty(self._count, np.int64)
        batch_tenures.measure(chunks, ends, sizes)
        self._ahead = min(crew.threads * AHEAD, self._count)
        self._rooms = _Rooms(sizes, self._ahead)
        self._places = np.empty((self._ahead, (1 << batch_tenures.BUCKET) + 1), np.int64)
        self._changed = Condition()
        # The next bucket to be settled, and to be arranged; of those between, once they are settled, whether there is
        # anything to arrange; whether somebody does so, and up to which node it was done.
        self._begun, self._arranged, self._settled = 0, 0, dict[int, bool]()
        self._arranging, self._done, self._ended = False, 0, False

    def settle(self) -> None:
        """Settle all."""
        while self._arranged < self._count:
            self._settle_while_room(self._room(2 * ROOM))

    def _settle_while_room(self, g: Arrays) -> None:
        """Settle until the tables lack room, or all is done. They are not held on to: they may have to make place for
        larger ones."""
        self._ended = False
        own = [apart(g) for _ in range(self._crew.threads)]
        self._crew.over(self._crew.threads, lambda part, start, end: self._work(g, own[part]))

    def _work(self, g: Arrays, own: Arrays) -> None:
        """What one thread does. own: tables with scratch and counters of its own."""
        try:
            while (task := self._next()) is not None:
                bucket, arranges = task
                if arranges:
                    self._arrange(g, bucket)
                else:
                    self._settle(own, bucket)
        finally:
            # Also if this one fails: nobody shall wait for it.
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _next(self) -> tuple[int, bool] | None:
        """A bucket, and whether it is to be arranged, else settled; None when there is nothing more to do."""
        with self._changed:
            while not self._ended:
                while not self._arranging and self._settled.get(self._arranged) is False:
                    self._leave()
                if self._arranged == self._count:
                    break
                if not self._arranging and self._arranged in self._settled:
                    self._arranging = True
                    return self._arranged, True
                if self._begun < min(self._arranged + self._ahead, self._count):
                    self._begun += 1
                    return self._begun - 1, False
                self._changed.wait()
            return None

    def _leave(self) -> None:
        """Go on to the next bucket to be arranged."""
        del self._settled[self._arranged]
        self._rooms.tidy(self._arranged % self._ahead)
        self._arranged += 1

    def _settle(self, own: Arrays, bucket: int) -> None:
        k = bucket % self._ahead
        here, place = self._rooms.make(k, bucket), self._places[k]
        # One call for both: to hand over the tables costs as much as a small bucket does.
        others = bool(
            batch_tenures.settle_bucket(
                own, bucket, self._nodes, self._records, self._chunks, self._ends, here, place, self._thorough
            )
        )
        with self._changed:
            self._settled[bucket] = others
            self._changed.notify_all()

    def _arrange(self, g: Arrays, bucket: int) -> None:
        k = bucket % self._ahead
        self._done = batch_tenures.arrange_bucket(
            g, bucket, self._nodes, self._rooms[k], self._places[k], self._done, self._thorough
        )
        with self._changed:
            self._arranging = False
            if g.counts[FULL]:
                # The rest of this bucket follows when there is room.
                self._ended = True
            else:
                self._leave()
            self._changed.notify_all()


class _Rooms:
    """Room to sort some buckets at once, for each as much as it has, and kept for those that come after.

    One value that half of all were seen with makes one bucket as large as all others together: so the largest are made
    room for by themselves.
    """

    def __init__(self, sizes: I64, count: int) -> None:
        """`sizes`: half-edges by bucket; `count`: rooms."""
        self._sizes = sizes
        self._kept = float(np.quantile(sizes, LARGE))
        self._rooms = [_NO_ROOM] * count

    def __getitem__(self, k: int) -> I64:
        return self._rooms[k]

    def make(self, k: int, bucket: int) -> I64:
        """Room number k, large enough for the bucket. Of several threads each may ask for other rooms."""
        if self._rooms[k].shape[0] < self._sizes[bucket]:
            self._rooms[k] = _NO_ROOM
            self._rooms[k] = np.empty((self._sizes[bucket], batch_tenures.RECORD), np.int64)
        return self._rooms[k]

    def tidy(self, k: int) -> None:
        """Give room number k back if few buckets need as much."""
        if self._rooms[k].shape[0] > self._kept:
            self._rooms[k] = _NO_ROOM


_NO_ROOM = np.empty((0, batch_tenures.RECORD), np.int64)


def apart(g: Arrays) -> Arrays:
    """The same tables, counters and scratch apart."""
    return g._replace(counts=g.counts.copy(), slots=g.slots.copy(), scratch=g.scratch.copy())
