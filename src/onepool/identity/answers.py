"""What can be asked of a graph of identifiers and links: tenures, names, and what became of each link."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onepool.identity import kernel as compiled
from onepool.identity.arrays import (
    BASE,
    CONSENT_OF,
    CONTACT,
    EDGE_STATUS,
    FIRST,
    IS_VOID,
    LAST_SEEN,
    LATER,
    LATER_TENURE,
    LIFETIME,
    OFF,
    OWNERS,
    STATUS,
    STRENGTH,
    STRONG,
    TYPE,
    VALID_FROM,
    WHY,
    WHY_LIMIT,
    WHY_NAME,
    WHY_NEVER,
    WHY_SIZE,
    WHY_UNPROVED,
    WITNESS,
    Arrays,
)
from onepool.identity.tables import Tables

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Answers(Tables):
    """The tables with what is read of them; nothing here changes anything. Nodes and links go by their numbers."""

    def at(self, base: I64, time: I64) -> I64:
        """The tenure of each base identifier that an instant (µs) falls into."""
        return _tenures_at(self._g, base, time)

    def names(self, nodes: I64) -> I64:
        """The name code of each base identifier."""
        found: I64 = self._g.n64[WITNESS, nodes]
        return found

    def consent_of(self, node: int) -> int:
        """The last word of consent heard with a base identifier: UNKNOWN, GRANTED or WITHDRAWN."""
        return int(self._g.n8[CONSENT_OF, node])

    def last_seen(self, nodes: I64) -> I64:
        """When base identifiers were last seen, µs, as far as that was noted."""
        found: I64 = self._g.n64[LAST_SEEN, nodes]
        return found

    def ages(self, nodes: I64) -> Bool:
        """Which identifiers lose their owner after a time."""
        found: Bool = self._g.types[LIFETIME, self._g.n32[TYPE, nodes]] != 0
        return found

    def joining(self, nodes: I64) -> tuple[Bool, Bool]:
        """Which nodes are contacts that join others, and which are accounts that do."""
        kind = self._g.n32[TYPE, nodes]
        contact, strong = self._g.types[CONTACT, kind] != 0, self._g.types[STRENGTH, kind] == STRONG
        return contact & strong, ~contact & strong

    def is_off(self, edge: int) -> bool:
        """Whether a link was taken out."""
        return bool(self._g.e8[OFF, edge])

    def is_cut(self, edge: int) -> bool:
        """Whether a ruling cut a link."""
        return int(self._g.e8[OFF, edge]) == 2

    def order_of(self, edge: int) -> int:
        """The number of the decision that made a link."""
        return int(self._g.e64[FIRST, edge])

    def valid_from(self, node: int) -> int:
        """Since when a further tenure holds, µs; LATER when it is not in use."""
        return int(self._g.n64[VALID_FROM, node])

    def later_tenures(self) -> tuple[I64, I64]:
        """Further tenures, in use or not, ascending, and since when they hold; see `valid_from`."""
        later: I64 = np.flatnonzero(self.base != np.arange(len(self)))
        return later, self.valid_since(later)

    def valid_since(self, nodes: I64) -> I64:
        """Since when each further tenure holds; see `valid_from`."""
        found: I64 = self._g.n64[VALID_FROM, nodes]
        return found

    def generation(self, node: int) -> int:
        """The number of a tenure, from 0."""
        found, at = 0, int(self._g.n32[BASE, node])
        while at != node:
            at = int(self._g.n32[LATER_TENURE, at]) - 1
            found += 1
        return found

    def chained(self) -> I64:
        """Identifiers that have, or had, more than one tenure."""
        numbers = np.arange(len(self), dtype=np.int64)
        found: I64 = numbers[(self._g.n32[LATER_TENURE, numbers] != 0) & (self.base == numbers)]
        return found

    def unused_tenures(self, base: int) -> list[int]:
        """Further tenures that are not in use."""
        found = []
        later = int(self._g.n32[LATER_TENURE, base])
        while later:
            if self._g.n64[VALID_FROM, later - 1] == LATER:
                found.append(later - 1)
            later = int(self._g.n32[LATER_TENURE, later - 1])
        return found

    def tenures(self, base: int) -> list[tuple[int, int]]:
        """The tenures of an identifier in use: (node, valid from in µs; the first is valid always)."""
        g = self._g
        found = [(base, 0)]
        later = int(g.n32[LATER_TENURE, base])
        while later:
            if g.n64[VALID_FROM, later - 1] != LATER:
                found.append((later - 1, int(g.n64[VALID_FROM, later - 1])))
            later = int(g.n32[LATER_TENURE, later - 1])
        return found

    def conclusions(self) -> I64:
        """Status and reason of every link as one number, to compare."""
        return self._codes(slice(self.edges))

    def outcomes(self) -> tuple[I64, list[tuple[str, str]]]:
        """A number for each link's status and reason, and what the numbers mean."""
        codes, number = np.unique(self.conclusions(), return_inverse=True)
        return number.reshape(-1), self._meant(codes)

    def status(self, edges: I64) -> list[tuple[str, str]]:
        """What became of links: (status, reason)."""
        codes, number = np.unique(self._codes(edges), return_inverse=True)
        meant = self._meant(codes)
        return [meant[one] for one in number.reshape(-1).tolist()]

    def _codes(self, edges: I64 | slice) -> I64:
        found: I64 = self._g.e8[EDGE_STATUS, edges].astype(np.int64) << 32 | self._g.e32[WHY, edges]
        return found

    def _meant(self, codes: I64) -> list[tuple[str, str]]:
        return [(STATUS[code >> 32], self.reason(code & 0xFFFFFFFF)) for code in codes.tolist()]

    def reason(self, why: int) -> str:
        """Why a link is a conflict, in words of the design: never, size, name, unproved, limit:type@scope."""
        if why >= WHY_LIMIT:
            kind, scope = self._slot_names[why - WHY_LIMIT]
            return f"limit:{kind}@{scope}" if scope else f"limit:{kind}"
        return {0: "", WHY_NEVER: "never", WHY_SIZE: "size", WHY_NAME: "name", WHY_UNPROVED: "unproved"}[why]

    def voids(self) -> I64:
        """Nodes that name too many people to join anybody."""
        found: I64 = np.flatnonzero(self._g.n8[IS_VOID, : len(self)]).astype(np.int64)
        return found

    def owners(self, nodes: I64) -> I64:
        """How many customers nodes name at least."""
        found: I64 = self._g.n32[OWNERS, nodes].astype(np.int64)
        return found


def _tenures_at(g: Arrays, base: I64, time: I64) -> I64:
    found = base.copy()
    many = np.flatnonzero(g.n32[LATER_TENURE, base])
    for place in many.tolist():
        found[place] = compiled.tenure_at(g, base[place], time[place])
    return found
