"""Live identity: a batch of rows with their identifiers in, the identifier of each row and changed customers out."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from onepool.identity import keys, loading, store
from onepool.identity.arrays import LIKELIHOOD
from onepool.identity.decisions import Decision
from onepool.identity.enforce import enforce
from onepool.identity.graph import Changes, Graph
from onepool.identity.hearing import Hearing
from onepool.identity.links import SAME_EVENT, Concluded, LinkBatch, gather
from onepool.identity.registry import DAY, Registry
from onepool.identity.resolved import Heard, Resolved
from onepool.identity.rulings import Rulings, in_force
from onepool.pool.keys import KeyMap
from onepool.state import State

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Resolver:
    """Holds identifiers and customers in memory; the state keeps them. One per worker, used by one thread."""

    def __init__(self, state: State, registry: Registry) -> None:
        """`registry`: the rules to start with; a state that was solved under others goes on with those."""
        self._state = state
        kept = state.meta(store.REGISTRY)
        self.registry = registry if kept is None else Registry.from_json(kept)
        self.graph = Graph(self.registry)
        self._ids = KeyMap()
        self._hearing = Hearing()
        self._rulings = Rulings()
        self.decided = 0
        differing = loading.load(state, self.graph, self._ids, self._hearing, self.restore)
        made = self.graph.changes()
        self.unsaved: Resolved | None = None
        """What the state has to be told, where its conclusions are not those of this edition."""
        if differing.size or made.born.size:
            nobody = np.empty(0, np.int64)
            changes = Changes(nobody, nobody, made.born, differing, self.graph.chained())
            self.unsaved = self._resolved(nobody, store.new_table([]), None, changes)

    @property
    def known(self) -> KeyMap:
        """Identifiers by their keys; reading only."""
        return self._ids

    # a batch

    def resolve(self, ids: pa.Table, rows: pa.Table, heard: Heard | None = None) -> Resolved:
        """Resolve one batch.

        `ids`: (row int32, type, scope, value), in the order sent within a row. `rows`: (row int32, event_id
        fixed_size_binary(16), touchpoint, time timestamp); row numbers run from 0 without gaps. Changes the customers
        in memory at once; `save` makes them durable.
        """
        count = rows.num_rows
        bearer = np.full(count, -1, np.int64)
        graph = self.graph
        graph.begin()
        if ids.num_rows == 0:
            return self._resolved(bearer, store.new_table([]), None, graph.changes())
        time = micros(rows.column("time"))
        row = ids.column("row").to_numpy().astype(np.int64)
        texts, code = keys.distinct(ids)
        numbers = keys.numbers(texts)
        known = self._ids.get(numbers)
        first, last = _extent(code, time[row], len(texts))
        fresh = known < 0
        born = self._intern(texts, numbers, known, fresh, first, last)
        node = known[code]
        bearer = self._bearers(ids, row, node, bearer)

        aged = self._see(known, last)
        heard = heard or Heard()
        renamed = self._hearing.names(graph, heard.names, bearer, time)
        words = self._hearing.consents(graph, heard.consents, row, node, rows, time)
        trust = np.zeros(count, np.int64)
        trust[heard.trust.column("row").to_numpy()] = heard.trust.column("trust").to_numpy()
        batch = gather(bearer, row, node, rows, time, trust, *graph.joining(node))
        known_edges = graph.edges
        sources = {name: graph.source_number(SAME_EVENT, name) for name in set(batch.touchpoint)}
        source = np.array([sources[name] for name in batch.touchpoint], np.int64)
        edge = graph.link(batch.a, batch.b, source, batch.first_time, batch.last_time, batch.trust)
        self._cut_again(batch, edge, known_edges)
        changes = graph.changes()
        borne = bearer >= 0
        bearer[borne] = graph.at(bearer[borne], time[borne])
        return self._resolved(
            bearer,
            born,
            (known, first, last),
            changes,
            fresh=known[fresh],
            links=batch,
            edge=edge,
            known_edges=known_edges,
            renamed=renamed,
            words=words,
            aged=aged,
        )

    def find(self, ids: pa.Table) -> I64:
        """Ids of the identifiers in a table (type, scope, value), those of their first bearers; -1 for unknown ones."""
        if ids.num_rows == 0:
            return np.empty(0, np.int64)
        parts, code = keys.distinct(ids)
        return self._ids.get(keys.numbers(parts))[code]

    def save(self, connection: Connection, resolved: Resolved, at: int, offset: int) -> None:
        """Write what a batch added, inside the caller's transaction. `at`: the instant of the tick, µs."""
        store.save(connection, resolved, self.registry, at, offset)

    # rules and rulings

    def set_rules(self, registry: Registry) -> Resolved:
        """Take other rules: everything is solved again under them."""
        self.registry = registry
        graph = self.graph
        before = graph.customer.copy()
        nodes = len(graph)
        status = graph.conclusions()
        later, since = graph.later_tenures()
        graph.set_rules(registry)
        changed = np.flatnonzero(graph.conclusions() != status)
        moved = np.flatnonzero(graph.customer[:nodes] != before)
        made = graph.changes()
        # A solve from scratch tells of no changes. Tenures stay, so those from before are among those after.
        handed = np.concatenate([later[graph.valid_since(later) != since], made.born])
        changes = Changes(
            nodes=moved.astype(np.int64),
            was=before[moved].astype(np.int64),
            born=made.born,
            edges=changed.astype(np.int64),
            retimed=np.unique(graph.base[handed]).astype(np.int64),
        )
        return self._resolved(np.empty(0, np.int64), store.new_table([]), None, changes)

    def decide(self, decisions: Sequence[Decision]) -> Resolved:
        """Take up all decisions there are; only what is new or taken back changes anything."""
        graph = self.graph
        graph.begin()
        wanted = in_force(decisions)
        at = {one.id: one.at for one in decisions}
        before, self._rulings = self._rulings, wanted
        ruled = enforce(graph, before, wanted, at)
        decided = max((one.id for one in decisions), default=0)
        self.decided = decided
        return self._resolved(
            np.empty(0, np.int64), store.new_table([]), None, graph.changes(), rulings=ruled, decided=decided
        )

    def propose(self, joins: Sequence[store.RuledLink], retired: Sequence[int] = ()) -> Resolved:
        """Let pairs that a model finds alike be joined, as links of the lowest rank, and take others back.

        `joins`: their `edge` is not known yet. `retired`: numbers of links by likelihood that hold no longer.
        """
        graph = self.graph
        graph.begin()
        made = []
        for edge in retired:
            graph.set_off(edge, 1)
        for one in joins:
            source = graph.source_number(one.rule, "")
            known = graph.edges_between(one.a, one.b, kind=LIKELIHOOD)
            edge = known[0] if known else graph.ruled(one.a, one.b, LIKELIHOOD, one.decision, source)
            # What people cut, a model does not put together again.
            cut = (min(one.a, one.b), max(one.a, one.b)) in self._rulings.cuts
            if cut or known:
                graph.set_off(edge, 2 if cut else 0)
            if not known:
                made.append(replace(one, edge=edge))
        resolved = self._resolved(np.empty(0, np.int64), store.new_table([]), None, graph.changes(), rulings=made)
        return replace(resolved, joined=[one.decision for one in joins])

    @property
    def never(self) -> frozenset[tuple[int, int]]:
        """Pairs of identifiers that people said are never of one person."""
        return self._rulings.never

    def fork(self) -> Resolver:
        """The same facts apart, to try rules and decisions on. Nothing of it may be saved."""
        other = copy(self)
        other.graph = self.graph.copy()
        other._hearing = self._hearing.copy()
        return other

    def restore(self, decisions: Sequence[Decision]) -> None:
        """Take up decisions whose links are there already; a full solve follows."""
        self._rulings = in_force(decisions)
        self.decided = max((one.id for one in decisions), default=0)
        self.graph.restore_rulings(self._rulings)

    def _cut_again(self, batch: LinkBatch, edge: I64, known: int) -> None:
        """Links of a pair that a ruling cut stay cut when a further touchpoint shows them."""
        if not self._rulings.cuts:
            return
        for place in np.flatnonzero(edge >= known).tolist():
            if (int(batch.a[place]), int(batch.b[place])) in self._rulings.cuts:
                self.graph.set_off(int(edge[place]), 2)

    # parts of a batch

    def _intern(
        self,
        texts: list[str],
        numbers: npt.NDArray[np.uint64],
        known: I64,
        fresh: Bool,
        first: I64,
        last: I64,
    ) -> pa.Table:
        """Give ids to new identifiers, in the order in which the batch first names them."""
        places = np.flatnonzero(fresh)
        graph = self.graph
        parts = [keys.parts(texts[place]) for place in places.tolist()]
        types = np.array([graph.type_number(kind) for kind, _, _ in parts], np.int64)
        slots = np.array([graph.slot_number(kind, scope) for kind, scope, _ in parts], np.int64)
        start = graph.add(types, slots, numbers[places, 1], last[places] // DAY * DAY)
        known[places] = np.arange(start, start + places.size)
        self._ids.put(numbers[places], known[places])
        self._hearing.extend(len(graph))
        instants = zip(first[places].tolist(), last[places].tolist(), strict=True)
        numbered = zip(known[places].tolist(), parts, instants, strict=True)
        return store.new_table([(number, *one, *seen, None, 0, None) for number, one, seen in numbered])

    def _bearers(self, ids: pa.Table, row: I64, node: I64, bearer: I64) -> I64:
        """The identifier that each row is kept under: the best of its own, the first sent of equal ones."""
        kinds = keys.encode(ids.column("type"))
        bearing = [self.registry.rule(kind).bearing for kind in kinds.dictionary.to_pylist()]
        order = {one: place for place, one in enumerate(sorted(set(bearing), reverse=True))}
        worth = np.array([order[one] for one in bearing], np.int64)[kinds.indices.to_numpy(zero_copy_only=False)]
        best = np.lexsort((np.arange(row.size), worth, row))
        heads = np.r_[True, row[best][1:] != row[best][:-1]]
        bearer[row[best][heads]] = node[best][heads]
        return bearer

    def _see(self, known: I64, last: I64) -> list[tuple[int, int]]:
        """Note when weak identifiers were last seen, by whole days; returns those for which that is news."""
        graph = self.graph
        lives = graph.ages(known)
        nodes, day = known[lives], last[lives] // DAY * DAY
        news = graph.last_seen(nodes) < day
        graph.see(nodes[news], day[news])
        return list(zip(nodes[news].tolist(), day[news].tolist(), strict=True))

    def _resolved(
        self,
        bearer: I64,
        new: pa.Table,
        seen: tuple[I64, I64, I64] | None,
        changes: Changes,
        *,
        fresh: I64 | None = None,
        links: LinkBatch | None = None,
        edge: I64 | None = None,
        known_edges: int = 0,
        renamed: Sequence[tuple[int, int, int]] = (),
        words: Sequence[tuple[int, bool, int, bytes, str]] = (),
        aged: Sequence[tuple[int, int]] = (),
        rulings: Sequence[store.RuledLink] = (),
        decided: int | None = None,
    ) -> Resolved:
        graph = self.graph
        customer = graph.customer
        fresh = np.empty(0, np.int64) if fresh is None else fresh
        self._hearing.extend(len(graph))
        tenures = store.tenure_rows(self._state, graph, changes.born, new)
        arrived = np.concatenate([fresh, changes.born])
        old = ~np.isin(changes.nodes, arrived)
        nodes = np.concatenate([arrived, changes.nodes[old]])
        was = np.concatenate([np.full(arrived.size, -1, np.int64), changes.was[old]])
        order = np.argsort(nodes, kind="stable")
        nodes, was = nodes[order], was[order]
        now = customer[nodes].astype(np.int64)
        touched = [now, was[was >= 0]]
        if seen is not None:
            touched += [customer[seen[0]].astype(np.int64), customer[bearer[bearer >= 0]].astype(np.int64)]
        retimed = store.retimed_table(graph, changes.retimed)
        touched.append(customer[retimed.column("identifier_id").to_numpy()].astype(np.int64))
        return Resolved(
            bearer=bearer,
            new=pa.concat_tables([new, tenures]),
            seen=store.seen_table() if seen is None else store.seen_table(*seen),
            moved=store.moved_table(nodes, now, was),
            customers=np.unique(np.concatenate(touched)),
            retimed=retimed,
            links=links or LinkBatch(),
            edge=np.empty(0, np.int64) if edge is None else edge,
            known_edges=known_edges,
            concluded=Concluded(changes.edges, graph.status(changes.edges)),
            renamed=renamed,
            words=words,
            aged=aged,
            rulings=rulings,
            decided=decided,
        )

    # everything

    def identifiers(self) -> pa.Table:
        """All identifiers from the state, as `Resolved.new` has them."""
        return store.all_identifiers(self._state)

    def customers(self) -> pa.Table:
        """The whole map: (identifier_id, customer_id)."""
        customer = self.graph.customer.astype(np.int64)
        return pa.table({"identifier_id": np.arange(customer.size, dtype=np.int64), "customer_id": customer})

    def tenures(self) -> pa.Table:
        """All tenures of values that were handed on, as `Resolved.retimed` has them."""
        return store.retimed_table(self.graph, self.graph.chained())


def _extent(code: I64, time: I64, size: int) -> tuple[I64, I64]:
    first = np.full(size, np.iinfo(np.int64).max, np.int64)
    last = np.full(size, np.iinfo(np.int64).min, np.int64)
    np.minimum.at(first, code, time)
    np.maximum.at(last, code, time)
    return first, last


def micros(column: pa.ChunkedArray) -> I64:
    """Instants as µs since 1970."""
    values: I64 = column.cast(pa.int64()).to_numpy().astype(np.int64)
    return values
