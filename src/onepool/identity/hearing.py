"""What persons said besides their identifiers: the name that each goes by, and its word on being joined."""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.arrays import GRANTED, WITHDRAWN
from onepool.identity.graph import Graph
from onepool.identity.witness import name_codes

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).min


class Hearing:
    """When the name and the word of consent that the graph has of each identifier were said: the latest ones hold."""

    def __init__(self) -> None:
        self._name_time = np.full(1024, _NEVER, np.int64)
        self._word_time = np.full(1024, _NEVER, np.int64)

    def copy(self) -> Hearing:
        """The same apart."""
        other = copy(self)
        other._name_time, other._word_time = self._name_time.copy(), self._word_time.copy()
        return other

    def extend(self, size: int) -> None:
        """Make room for identifiers 0 to size - 1."""
        if size > self._name_time.size:
            for name in ("_name_time", "_word_time"):
                old = getattr(self, name)
                new = np.full(max(size, 2 * old.size), _NEVER, np.int64)
                new[: old.size] = old
                setattr(self, name, new)

    def learned(self, node: I64, name_time: I64) -> None:
        """When the names of identifiers were said, as the state knows; there is room for them."""
        self._name_time[node] = name_time

    def heard(self, node: I64, word_time: I64) -> None:
        """When identifiers' words of consent were said, as the state knows; there is room for them."""
        self._word_time[node] = word_time

    def names(self, graph: Graph, names: pa.Table, bearer: I64, time: I64) -> list[tuple[int, int, int]]:
        """Note the names that bearers go by: of each the latest whole one, else the latest (ties: the larger code)."""
        if names.num_rows == 0:
            return []
        row = names.column("row").to_numpy()
        code = name_codes(names.column("name").to_pylist())
        node, when = bearer[row], time[row]
        useful = (node >= 0) & (code != 0)
        node, code, when = node[useful], code[useful], when[useful]
        order = np.lexsort((code, when, _whole(code), node))
        node, code, when = node[order], code[order], when[order]
        final = np.r_[node[1:] != node[:-1], True] if node.size else np.empty(0, np.bool_)
        node, code, when = node[final], code[final], when[final]
        held, said = graph.names(node), self._name_time[node]
        more = _whole(code).astype(np.int64) - _whole(held)
        newer = (more > 0) | ((more == 0) & ((when > said) | ((when == said) & (code > held))))
        node, code, when = node[newer], code[newer], when[newer]
        self._name_time[node] = when
        graph.name(node, code)
        return list(zip(node.tolist(), code.tolist(), when.tolist(), strict=True))

    def consents(
        self, graph: Graph, consents: pa.Table, row: I64, node: I64, rows: pa.Table, time: I64
    ) -> list[tuple[int, bool, int, bytes, str]]:
        """Note words of consent for every identifier of their rows: the latest holds, a withdrawal of two at once."""
        if consents.num_rows == 0:
            return []
        said = dict(zip(consents.column("row").to_pylist(), consents.column("granted").to_pylist(), strict=True))
        latest: dict[int, tuple[int, bool, int]] = {}
        for place in np.flatnonzero(np.isin(row, np.array(list(said), np.int64))).tolist():
            number = int(row[place])
            word = (int(time[number]), not said[number], number)
            one = int(node[place])
            held = self._word_time[one]
            standing = (int(held), graph.consent_of(one) == WITHDRAWN)
            if word[:2] > standing and (one not in latest or word[:2] > latest[one][:2]):
                latest[one] = word
        nodes = np.array(sorted(latest), np.int64)
        if nodes.size == 0:
            return []
        self._word_time[nodes] = [latest[int(one)][0] for one in nodes]
        graph.consent(nodes, np.array([WITHDRAWN if latest[int(n)][1] else GRANTED for n in nodes], np.int8))
        events, touchpoints = rows.column("event_id"), rows.column("touchpoint")
        return [
            (int(one), not withdrawn, when, _bytes(events[number]), touchpoints[number].as_py())
            for one, (when, withdrawn, number) in sorted(latest.items())
        ]


def _whole(code: I64) -> Bool:
    """Whether a name code has surname and given name: a title says less than a name, however late it is heard."""
    found: Bool = (code >> 32 != 0) & (code >> 16 & 0xFFFF != 0)
    return found


def _bytes(value: object) -> bytes:
    found = value.as_py()  # type: ignore[attr-defined]
    return found.bytes if hasattr(found, "bytes") else bytes(found)
