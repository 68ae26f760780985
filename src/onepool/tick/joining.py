"""Joining by likelihood within the worker: what a run over all customers found, and newcomers between ticks."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity import Resolved, Resolver
from onepool.identity.matching import Model
from onepool.pool import DuckDBEngine
from onepool.state.store import set_meta
from onepool.tick import matching, newcomers
from onepool.tick.rules import RulesInForce
from onepool.workspace import Workspace

_KEYED = "identity_keys"
"""Key in the state's meta: the version of the model that the pool's blocking keys were made with."""


class Joining:
    """Turns what a model finds into candidates and links. Used by the worker alone, in its thread and its turn."""

    def __init__(
        self,
        workspace: Workspace,
        pool: DuckDBEngine,
        rules: RulesInForce,
        resolver: Resolver,
        settle: Callable[[Resolved], None],
    ) -> None:
        """`settle` writes to the state and to the pool what a change of identity meant."""
        self._ws = workspace
        self._pool = pool
        self._rules = rules
        self._resolver = resolver
        self._settle = settle
        self._learned: tuple[int, tuple[int, Model] | None] | None = None

    def take(self, found: matching.Found, model: int) -> int:
        """Take in what a run over all customers found. Returns how many pairs are joined."""
        now, auto = self._ws.clock.now(), self._rules.likelihood().auto
        with self._ws.state.write() as connection:
            known = matching.store(connection, found.pairs, model, now, instead=found.before.waiting)
            known = matching.never_again(connection, known, self._resolver.graph.customer, self._resolver.never)
        chances = matching.chances(found.pairs)
        wanted = found.joins if auto else frozenset[tuple[int, int]]()
        joins = matching.to_join(known, chances, sorted(wanted), now)
        kept = frozenset((one.a, one.b) for one in joins)
        graph = self._resolver.graph
        self._settle(self._resolver.propose(joins, matching.no_longer(graph, kept, found.before.linked)))
        with self._pool.write() as session:
            newcomers.keep_keys(session, newcomers.keys(session, found.model, graph.customer), afresh=True)
        self._keyed(model)
        return len(joins)

    def newcomers(self) -> bool:
        """Compare customers of whom something new is known with the others. Returns whether there were any."""
        model = self.model()
        if model is None:
            return False
        version, learned = model
        settings = self._rules.likelihood()
        with self._pool.write() as session:
            waiting = newcomers.waiting(session)
            if waiting.num_rows == 0:
                return False
            # Keys of other rules find others.
            if self._ws.state.meta(_KEYED) != str(version):
                newcomers.forget_keys(session)
            customers = waiting.column("customer_id").to_numpy()
            found = newcomers.propose(session, learned, customers, self._resolver.graph.customer, settings.join)
        self._keyed(version)
        self._keep(found.filter(pc.greater_equal(found.column("probability"), settings.review)), version)
        # Last: after a crash in between they are looked at again, and the same is found.
        with self._pool.write() as session:
            newcomers.done(session, waiting)
        return True

    def _keyed(self, version: int) -> None:
        """Say by which version's rules the keys are that the pool keeps."""
        if self._ws.state.meta(_KEYED) != str(version):
            with self._ws.state.write() as connection:
                set_meta(connection, _KEYED, str(version))

    def _keep(self, found: pa.Table, version: int) -> None:
        """Keep what was found of newcomers, and join who is sure."""
        settings, now = self._rules.likelihood(), self._ws.clock.now()
        if found.num_rows == 0:
            return
        with self._ws.state.write() as connection:
            pairs = found.drop_columns(["sure"])
            known = matching.store(connection, pairs, version, now)
            known = matching.never_again(connection, known, self._resolver.graph.customer, self._resolver.never)
        wanted = newcomers.sure(found) if settings.auto else []
        joins = matching.to_join(known, matching.chances(found), wanted, now)
        if joins:
            self._settle(self._resolver.propose(joins))

    def model(self) -> tuple[int, Model] | None:
        """The model in force and its version."""
        revision = self._ws.definitions.revision()
        if self._learned is None or self._learned[0] != revision:
            found = self._ws.definitions.get(matching.MODEL_KIND, matching.MODEL_NAME)
            model = None
            if found is not None:
                model = (found.version, matching.model_of(found.body))
            self._learned = (revision, model)
        return self._learned[1]
