"""Versions of the model of likelihood over the workspace: what an earlier one says of everybody, beside the present."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import select

from onepool.errors import OnePoolError
from onepool.identity.graph import Graph
from onepool.identity.links import LIKELY
from onepool.identity.matching import Model
from onepool.identity.read.models import ModelVersion, model_versions, weights_of
from onepool.identity.read.preview_types import ModelOutcome, ModelsCompared, PairChange, Verdict
from onepool.identity.registry import Likelihood
from onepool.identity.store import RuledLink
from onepool.state.schema import candidates
from onepool.tick import matching, proving, rounds
from onepool.tick.matching import Found, Step
from onepool.tick.preview import counts, segment_effects
from onepool.tick.worker import Worker
from onepool.workspace import Workspace

I64 = npt.NDArray[np.int64]

SHOWN = 50
"""How many pairs of another answer are named."""


class NoSuchVersion(OnePoolError):
    """There is no such version of the model."""

    code = "no-such-version"


class NoModel(OnePoolError):
    """Nothing was learned yet."""

    code = "no-model"


@dataclass(frozen=True)
class Everybody:
    """All customers as rules alone make them, at one moment: what a model is learned from and tried on."""

    graph: Graph
    customer: I64
    records: pa.Table
    numbers: pa.Table
    before: matching.Before

    @staticmethod
    def of(workspace: Workspace, worker: Worker) -> Everybody:
        with worker.mutex:
            graph = worker.resolver.graph.copy()
            with workspace.state.read() as connection:
                before = matching.before(connection, graph)
        customer = matching.deterministic(graph)
        with worker.pool.read() as session:
            records = matching.records_of(session, customer)
            numbers = proving.proved_numbers(session, customer)
        return Everybody(graph, customer, records, numbers, before)

    def again(self, worker: Worker, found: Found, settings: Likelihood, step: Step) -> Found:
        """What was found, with what further rounds add."""
        with worker.pool.read() as session:
            more = rounds.again(session, found, self.graph, self.customer, settings, step)
        return replace(more, before=self.before)

    def match(self, worker: Worker, model: Model, settings: Likelihood, step: Step) -> Found:
        """What a model made before says of all of them."""
        found = matching.match_all(self.records, self.numbers, model, settings, step)
        return self.again(worker, found, settings, step)


def version_of(versions: Sequence[ModelVersion], number: int) -> ModelVersion:
    """The version of a number. Raises NoSuchVersion."""
    if not 1 <= number <= len(versions):
        raise NoSuchVersion(f"there is no version {number} of the model", hint="see: onepool identity model list")
    return versions[number - 1]


def settings_of(version: ModelVersion) -> Likelihood:
    """The thresholds of a version."""
    return Likelihood(join=version.join, review=version.review, auto=version.auto)


def compare_models(
    workspace: Workspace, worker: Worker, before: int, after: int, *, effects: bool, segments: Sequence[str] = ()
) -> ModelsCompared:
    """What two versions say of all customers; with `effects` also what the second would change now, and what it would
    do to these segments (none named: to all). Raises NoSuchVersion."""
    started = time.perf_counter()
    versions = model_versions(workspace.state)
    everybody = Everybody.of(workspace, worker)
    answers = [_answers(workspace, worker, everybody, version_of(versions, one)) for one in (before, after)]
    pairs = _changes(*answers)
    compared = ModelsCompared(
        before=answers[0].outcome,
        after=answers[1].outcome,
        changed=len(pairs),
        pairs=pairs[:SHOWN],
        seconds=time.perf_counter() - started,
    )
    if not effects:
        return compared
    found = answers[1].found
    with worker.mutex:
        fork = worker.resolver.fork()
    links = _links(workspace, found, answers[1].joins)
    kept = frozenset((one.a, one.b) for one in links)
    resolved = fork.propose(links, matching.no_longer(fork.graph, kept, found.before.linked))
    merged, split = counts(resolved)
    return replace(
        compared,
        merged=merged,
        split=split,
        identifiers_moved=resolved.moved.num_rows,
        segments=segment_effects(workspace, worker, resolved, segments),
        seconds=time.perf_counter() - started,
    )


def propose_with_splink(workspace: Workspace, worker: Worker, step: Step) -> int:
    """Let Splink look for pairs among all customers, and keep what it finds likely for review; it joins nobody, since
    it can't tell relatives apart. Returns how many pairs it found. Raises SplinkMissing and MatchingError."""
    # Loaded here: an extra.
    from onepool.identity.matching.splink_engine import SplinkModel, require

    require()
    step("learning", None)
    everybody, settings = Everybody.of(workspace, worker), worker.rules.likelihood()
    records = everybody.records
    present = {name: kind for name, kind in matching.COLUMNS.items() if records.column(name).null_count < len(records)}
    records = records.select(["record_id", *present])
    model = SplinkModel.fit(records, present)
    step("proposing", None)
    likely = model.predict(records, settings.review).select(["left", "right"])
    if likely.num_rows == 0:
        return 0
    found = model.score(records, likely)
    told = [name for name in found.column_names if name.startswith(("level:", "weight:"))]
    left, right = found.column("left").to_numpy(), found.column("right").to_numpy()
    pairs = pa.table(
        {
            "a": np.minimum(left, right),
            "b": np.maximum(left, right),
            "probability": found.column("probability").cast(pa.float64()),
            **{name: found.column(name) for name in told},
        }
    )
    shown = matching.proposed(matching.with_levels(pairs, model.levels()), settings.review)
    saved = workspace.definitions.get(matching.MODEL_KIND, matching.MODEL_NAME)
    with worker.mutex, workspace.state.write() as connection:
        known = matching.store(connection, shown, 0 if saved is None else saved.version, workspace.clock.now())
        matching.never_again(connection, known, worker.resolver.graph.customer, worker.resolver.never)
    return int(shown.num_rows)


@dataclass(frozen=True)
class _Answers:
    """What one version says. `joins`: pairs that it joins by itself; `review`: from which probability on it asks."""

    found: Found
    joins: frozenset[tuple[int, int]]
    review: float

    def of(self, pair: tuple[int, int], chance: float) -> Verdict:
        if pair in self.joins:
            return "join"
        return "review" if chance >= self.review else "none"

    @property
    def outcome(self) -> ModelOutcome:
        chances = matching.chances(self.found.pairs)
        told = [self.of(pair, chance) for pair, chance in chances.items()]
        wrong = sum(1 - chances.get(pair, 1.0) for pair in self.joins)
        return ModelOutcome(joined=len(self.joins), review=told.count("review"), expected_wrong=wrong)


def _answers(workspace: Workspace, worker: Worker, everybody: Everybody, version: ModelVersion) -> _Answers:
    settings = settings_of(version)
    model = matching.model_of(weights_of(workspace.state, version.weights))
    found = everybody.match(worker, model, settings, lambda _step, _progress: None)
    joins = found.joins if settings.auto else frozenset[tuple[int, int]]()
    return _Answers(found, joins, settings.review)


def _changes(before: _Answers, after: _Answers) -> list[PairChange]:
    """Pairs of another answer, the largest differences of probability first."""
    old, new = matching.chances(before.found.pairs), matching.chances(after.found.pairs)
    found = []
    for pair in sorted(old.keys() | new.keys()):
        one, other = old.get(pair, 0.0), new.get(pair, 0.0)
        said, says = before.of(pair, one), after.of(pair, other)
        if said != says:
            found.append(PairChange(*pair, said, says, one, other))
    return sorted(found, key=lambda one: -abs(one.probability_after - one.probability_before))


def _links(workspace: Workspace, found: Found, joins: frozenset[tuple[int, int]]) -> list[RuledLink]:
    """Links for pairs that nobody has ruled on. Numbers of candidates stand for nothing here: nothing is kept."""
    table = candidates
    ruled = table.c.status.in_(("merged", "never"))
    with workspace.state.read() as connection:
        decided = {(row.a, row.b) for row in connection.execute(select(table.c.a, table.c.b).where(ruled))}
    chances, now = matching.chances(found.pairs), workspace.clock.now()
    return [RuledLink(*pair, 0, now, LIKELY, chances[pair]) for pair in sorted(joins - decided)]
