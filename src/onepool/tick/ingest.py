"""One batch from the log into state and pool: standardise, drop duplicates, identify, append."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.channels import registry
from onepool.collect import hooked
from onepool.collect.accounts import open_account
from onepool.collect.inbound import SAMPLE_BYTES, sample
from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint
from onepool.identity import Resolved, Resolver
from onepool.layout import columns_of
from onepool.pool import Session
from onepool.standards import Asked, Batch, Standard, StandardSettings, standardise
from onepool.tick import corrections, folding, identities, intake, newcomers, orders, profiles, refusals
from onepool.tick.ahead import Ahead
from onepool.tick.duplicates import Duplicates
from onepool.tick.hearing import heard

SEQ_BITS = 20
"""seq = offset << SEQ_BITS | item."""

FAILED = "tick.failed"
"""Rule of a whole record that could not be moved through."""

_COUNTED = ["received_at", "touchpoint", "kind", "name"]
_CARRIED = ("ids", "attributes", "objects", "events")


@dataclass(frozen=True)
class Prepared:
    """A batch ready to be written: duplicates dropped, every row with its bearer."""

    batch: Batch
    resolved: Resolved
    duplicates: pa.Table  # touchpoint, event, received_at of each dropped row
    hashes: npt.NDArray[np.uint64]
    replayed: frozenset[int]  # seqs of quarantined things that this batch tried again

    @property
    def touched(self) -> npt.NDArray[np.int64]:
        """Customers that this batch touched, retired ones included."""
        return self.resolved.customers


class Ingest:
    """Turns log records into rows. Holds the rules in force; the caller decides batches and transactions."""

    def __init__(
        self,
        resolver: Resolver,
        duplicates: Duplicates,
        standard: Standard,
        settings: StandardSettings,
        touchpoints: Mapping[str, Touchpoint],
    ) -> None:
        self._resolver = resolver
        self._duplicates = duplicates
        self.standard = standard
        self._settings = settings
        self.touchpoints = touchpoints
        self.ahead = Ahead(partial(_standardised, standard, settings, touchpoints))
        self.matching = False
        """Whether customers of whom something new is known are to be compared with others."""

    def prepare(self, session: Session, records: Sequence[Record], only: frozenset[int] | None = None) -> Prepared:
        """Standardise records, drop duplicates, resolve identities. `only`: seqs to take, when trying again."""
        if only is None:
            batch = self.ahead.batch(records)
        else:
            whole = _whole(session, only)
            only |= _waiting_in(session, whole)
            batch = self._again(records, Asked(only, whole))
        files = {record.offset for record in records if record.protocol == "file"}
        # What is tried again was received long ago: its window is not the one that is remembered.
        always, offsets = np.ones(batch.rows.num_rows, np.bool_), batch.rows.column("seq").to_numpy() >> SEQ_BITS
        if only is None:
            always = self._duplicates.retold(batch.rows, offsets, records)
        again, hashes = self._duplicates.find(session, batch.rows, always)
        if only is None:
            batch, again = corrections.corrected(session, batch, again, offsets, records)
        dropped = batch.rows.filter(pa.array(again))
        batch = _without(batch, again) if again.any() else batch
        if files and batch.quarantine.num_rows:
            batch, repeated = _without_repeats(session, batch, files, only or frozenset())
            dropped = pa.concat_tables([dropped.select(_COUNTED), repeated.select(_COUNTED)])
        resolved = self._resolver.resolve(batch.ids, batch.rows, heard(batch, self._resolver.registry.purposes))
        return Prepared(batch, resolved, dropped, hashes, only or frozenset())

    def _again(self, records: Sequence[Record], asked: Asked) -> Batch:
        """What is asked for of these records, standardised."""
        self.ahead.drop()
        return _only(standardise(records, self.standard, self._settings, self.touchpoints, asked=asked), asked)

    def as_of_now(self, record: Record) -> Record:
        """A push or page that is tried again, under the settings in force; its own are those of when it came."""
        touchpoint = self.touchpoints.get(record.touchpoint)
        if touchpoint is None or registry.find(touchpoint.channel) is None:
            return record
        return hooked.under(record, open_account(touchpoint))

    def append(self, session: Session, prepared: Prepared, *, redo: bool = False) -> None:
        """Write the batch into the pool, inside the caller's transaction.

        `redo`: the state knows the batch already, so its identities look unchanged though the pool lacks the rows.
        """
        batch, resolved = prepared.batch, prepared.resolved
        events = _with_bearer(batch.events, resolved.bearer)
        # Most of the standard's columns are empty in any batch; the engine fills in what is not named.
        session.append("events", events.select([name for name in events.column_names if _given(events.column(name))]))
        self._accepted(session, prepared)
        session.append("attribute_facts", _facts(batch, resolved))
        _objects(session, batch.objects)
        ordered = events.select(orders.READ).filter(pc.is_in(events.column("event"), value_set=orders.EVENTS))
        if ordered.num_rows:
            session.relation("_events", ordered)
            orders.fold(session)
        identities.write(session, resolved)
        held, mended = _first_refused(session, prepared), _mended(session, prepared)
        _quarantine(session, prepared, self.standard.version)
        intake.count(session, batch.rows, held, prepared.duplicates, mended)
        refusals.note(session, held, mended)
        touched = pa.table({"customer_id": resolved.customers})
        changed = touched if redo else self._changed(batch, resolved)
        self.refresh(session, touched, changed)
        if self.matching and batch.attributes.num_rows:
            newcomers.note(session, changed)

    def refresh(self, session: Session, touched: pa.Table, changed: pa.Table) -> None:
        """Refresh the profiles of customers, given as (customer_id); see `profiles.refresh`."""
        session.relation("_touched", touched)
        session.relation("_changed", changed)
        anew = changed.num_rows > 0
        if anew:
            folding.fold(session)
        profiles.refresh(session, columns_of(self.standard).attributes, anew=anew)

    def committed(self, prepared: Prepared) -> None:
        """To be called once the pool's transaction is committed."""
        self._duplicates.remember(prepared.hashes)

    def _accepted(self, session: Session, prepared: Prepared) -> None:
        rows = prepared.batch.rows
        eventless = pc.invert(pc.is_in(rows.column("row"), value_set=prepared.batch.events.column("row")))
        session.append("accepted_ids", rows.filter(eventless).select(["seq", "event_id", "received_at"]))

    def _changed(self, batch: Batch, resolved: Resolved) -> pa.Table:
        """Customers whose identifiers or attributes the batch changed, retired ones included."""
        bearer = resolved.bearer[batch.attributes.column("row").to_numpy()]
        parts = [
            resolved.moved.column("customer_id").combine_chunks(),
            resolved.moved.column("was").combine_chunks().drop_null(),
            pa.array(self._resolver.graph.customer[bearer], pa.int64()),
            pa.array(self._resolver.graph.customer[resolved.retimed.column("identifier_id").to_numpy()], pa.int64()),
        ]
        return pa.table({"customer_id": pc.unique(pa.concat_arrays(parts))})

    def apply_identity(self, session: Session, resolved: Resolved) -> None:
        """Write what a change of rules or a decision meant, inside the caller's transaction."""
        identities.write(session, resolved)
        touched = pa.table({"customer_id": resolved.customers})
        self.refresh(session, touched, touched)


def _standardised(
    standard: Standard,
    settings: StandardSettings,
    touchpoints: Mapping[str, Touchpoint],
    records: Sequence[Record],
    *,
    beside: bool,
) -> Batch:
    return standardise(records, standard, settings, touchpoints, beside=beside)


def refused(records: Sequence[Record], error: Exception, version: str) -> pa.Table:
    """Rows of table `quarantine` for whole records that could not be moved through."""
    rows = [
        {
            "seq": record.offset << SEQ_BITS,
            "log_offset": record.offset,
            "item": 0,
            "received_at": record.received_at,
            "touchpoint": record.touchpoint,
            "kind": "request",
            "name": record.protocol,
            "rule": FAILED,
            "field": "",
            "message": f"无法处理这个请求 / this request could not be processed: {type(error).__name__}: {error}"[
                :2000
            ],
            "sample": sample(record.body),
            "standard_version": version,
            "attempts": 1,
        }
        for record in records
    ]
    return pa.Table.from_pylist(rows)


def _given(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count < len(column))


def _filtered(table: pa.Table, keep: pa.ChunkedArray) -> pa.Table:
    """The rows to keep. Most of the standard's columns are empty in any batch: these are not copied."""
    given = [name for name in table.column_names if _given(table.column(name))]
    kept = table.select(given).filter(keep)
    empty = {kind: pa.nulls(kept.num_rows, kind) for kind in set(table.schema.types)}
    columns = {name: kept.column(name) for name in given}
    return pa.table([columns.get(one.name, empty[one.type]) for one in table.schema], schema=table.schema)


def _with_bearer(table: pa.Table, bearer: npt.NDArray[np.int64]) -> pa.Table:
    ids = pa.array(bearer[table.column("row").to_numpy()], pa.int64())
    return table.drop_columns(["row"]).append_column("identifier_id", ids)


def _facts(batch: Batch, resolved: Resolved) -> pa.Table:
    """Rows of table `attribute_facts`; of what changes a value, what it said is kept beside it."""
    facts = _with_bearer(batch.attributes, resolved.bearer)
    said = pc.if_else(pc.is_valid(facts.column("change")), facts.column("value"), pa.scalar(None, pa.string()))
    return facts.append_column("operand", said)


def _without(batch: Batch, drop: npt.NDArray[np.bool_]) -> Batch:
    """The batch without some rows; the others are numbered again from 0."""
    number = pa.array(np.cumsum(~drop) - 1, pa.int32())
    keep = pa.array(~drop)
    parts = {}
    for name in ("rows", *_CARRIED):
        table: pa.Table = getattr(batch, name)
        row = table.column("row")
        kept = _filtered(table, keep.take(row))
        at = kept.schema.get_field_index("row")
        parts[name] = kept.set_column(at, "row", number.take(kept.column("row")))
    return Batch(**parts, quarantine=batch.quarantine, counts=batch.counts)


def _without_repeats(session: Session, batch: Batch, files: set[int], tried: frozenset[int]) -> tuple[Batch, pa.Table]:
    """The batch without things from files that wait in quarantine already, and those things.

    What is tried again (`tried`: seqs) repeats nothing: it is itself what waits. A file row carries an id made of its
    contents and its place among equal rows, and what is no row says which line it is, so equal ones are the same row of
    the same file imported again. Of a cut sample that can't be told.
    """
    session.relation("_refused", batch.quarantine.append_column("n", pa.array(range(batch.quarantine.num_rows))))
    session.relation("_files", pa.table({"log_offset": pa.array(sorted(files), pa.int64())}))
    session.relation("_tried", pa.table({"seq": pa.array(sorted(tried), pa.int64())}))
    found = session.query(
        """WITH whole AS (
            SELECT r.n, r.seq, r.touchpoint, r.rule, r.message, r.sample FROM _refused r
            SEMI JOIN _files f ON f.log_offset = r."offset" WHERE strlen(r.sample) < $cut
                AND r.seq NOT IN (SELECT seq FROM _tried))
        SELECT n FROM whole QUALIFY row_number() OVER (PARTITION BY touchpoint, rule, message, sample ORDER BY seq) > 1
        UNION SELECT w.n FROM whole w SEMI JOIN quarantine q ON q.touchpoint = w.touchpoint AND q.rule = w.rule
            AND q.message = w.message AND q.sample = w.sample""",
        {"cut": SAMPLE_BYTES},
    )
    repeated = np.zeros(batch.quarantine.num_rows, np.bool_)
    repeated[found.column("n").to_numpy()] = True
    kept = replace(batch, quarantine=batch.quarantine.filter(pa.array(~repeated)))
    return kept, batch.quarantine.filter(pa.array(repeated))


_WHOLE = (
    *(FAILED, "protocol.unknown", "segment.unreadable", "sensors.unreadable", "growingio.unreadable", "file.chunk"),
    *("channel.unreadable", "channel.unknown", "channel.failed", "webhook.unreadable"),
)
"""Rules by which a record waits as one thing, whatever is in it."""

_REDRAWN = ("webhook.unmapped", "webhook.mapping", "webhook.work")
"""Rules of what a mapping did not fit: under another one the record may fall into other things."""


def _whole(session: Session, seqs: frozenset[int]) -> list[int]:
    """Offsets of the records among these things that wait as a whole.

    One of which some things are in the pool already is never taken so: under another mapping they would come twice.
    """
    session.relation("_asked", pa.table({"seq": pa.array(sorted(seqs), pa.int64())}))
    found = session.query(
        """SELECT log_offset, bool_or(rule IN (SELECT unnest($rules))) AS whole
        FROM quarantine SEMI JOIN _asked USING (seq)
        WHERE rule IN (SELECT unnest($rules)) OR rule IN (SELECT unnest($redrawn)) GROUP BY log_offset""",
        {"rules": list(_WHOLE), "redrawn": list(_REDRAWN)},
    ).to_pylist()
    offsets: list[int] = [row["log_offset"] for row in found if row["whole"]]
    redrawn = [row["log_offset"] for row in found if not row["whole"]]
    if redrawn:
        offsets += sorted(set(redrawn) - _begun(session, redrawn))
    return offsets


def _begun(session: Session, offsets: Sequence[int]) -> set[int]:
    """Those of these records of which the pool has something."""
    span = {"low": min(offsets) << SEQ_BITS, "high": (max(offsets) + 1) << SEQ_BITS, "bits": SEQ_BITS}
    found = session.query(
        """SELECT DISTINCT seq >> $bits AS log_offset FROM (
            SELECT seq FROM events WHERE seq >= $low AND seq < $high
            UNION ALL SELECT seq FROM accepted_ids WHERE seq >= $low AND seq < $high)""",
        span,
    )
    return set(found.column("log_offset").to_pylist())


def _waiting_in(session: Session, offsets: Sequence[int]) -> frozenset[int]:
    """All that waits of these records."""
    if not offsets:
        return frozenset()
    session.relation("_records", pa.table({"log_offset": pa.array(offsets, pa.int64())}))
    found = session.query("SELECT seq FROM quarantine SEMI JOIN _records USING (log_offset)")
    return frozenset(found.column("seq").to_pylist())


def _only(batch: Batch, asked: Asked) -> Batch:
    """What is asked for."""
    kept = _without(batch, ~asked.among(batch.rows.column("seq").to_numpy()))
    refused = batch.quarantine.filter(pa.array(asked.among(batch.quarantine.column("seq").to_numpy())))
    return Batch(
        rows=kept.rows,
        events=kept.events,
        ids=kept.ids,
        attributes=kept.attributes,
        objects=kept.objects,
        quarantine=refused,
        counts=batch.counts.slice(0, 0),
    )


def _objects(session: Session, objects: pa.Table) -> None:
    """The latest (time, seq) of each object wins."""
    if objects.num_rows == 0:
        return
    session.relation("_objects", objects)
    session.execute(
        """CREATE OR REPLACE TEMP TABLE object_rows AS
        SELECT * FROM (
            SELECT kind, object_id, fields::JSON AS fields, time, seq, touchpoint FROM _objects
            UNION ALL SELECT o.kind, o.object_id, o.fields, o.time, o.seq, o.touchpoint
                FROM objects o SEMI JOIN _objects n ON n.kind = o.kind AND n.object_id = o.object_id)
        QUALIFY row_number() OVER (PARTITION BY kind, object_id ORDER BY time DESC, seq DESC) = 1"""
    )
    session.execute("DELETE FROM objects o USING object_rows n WHERE n.kind = o.kind AND n.object_id = o.object_id")
    session.execute("INSERT INTO objects BY NAME SELECT * FROM object_rows")
    session.execute("DROP TABLE object_rows")


def _first_refused(session: Session, prepared: Prepared) -> pa.Table:
    """What the batch refuses that did not wait in quarantine before: what is tried in vain was counted when it came."""
    refused = prepared.batch.quarantine
    if not (prepared.replayed and refused.num_rows):
        return refused
    session.relation("_tried", pa.table({"seq": pa.array(sorted(prepared.replayed), pa.int64())}))
    waited = session.query("SELECT DISTINCT seq FROM quarantine SEMI JOIN _tried USING (seq)").column("seq")
    return refused.filter(pc.invert(pc.is_in(refused.column("seq"), value_set=waited.combine_chunks())))


def _mended(session: Session, prepared: Prepared) -> pa.Table:
    """What waited in quarantine and was tried again, and is refused no more."""
    session.relation("_tried", pa.table({"seq": pa.array(sorted(prepared.replayed), pa.int64())}))
    session.relation("_still", prepared.batch.quarantine.select(["seq"]))
    return session.query(
        """SELECT received_at, touchpoint, kind, name, rule, field
        FROM quarantine SEMI JOIN _tried USING (seq) ANTI JOIN _still USING (seq)"""
    )


def _quarantine(session: Session, prepared: Prepared, version: str) -> None:
    refused = prepared.batch.quarantine
    if prepared.replayed:
        session.relation("_tried", pa.table({"seq": pa.array(sorted(prepared.replayed), pa.int64())}))
        session.execute(
            """CREATE OR REPLACE TEMP TABLE attempts_before AS
            SELECT seq, max(attempts) AS attempts FROM quarantine SEMI JOIN _tried USING (seq) GROUP BY seq"""
        )
        session.execute("DELETE FROM quarantine USING _tried t WHERE quarantine.seq = t.seq")
    if refused.num_rows:
        session.relation("_refused", refused)
        before = "LEFT JOIN attempts_before b USING (seq)" if prepared.replayed else ""
        attempts = "coalesce(b.attempts, 0) + 1" if prepared.replayed else "1"
        session.execute(
            f"""INSERT INTO quarantine BY NAME
            SELECT q.seq, q."offset" AS log_offset, q.item, q.received_at, q.touchpoint, q.kind, q.name, q.rule,
                q.field, q.message, q.sample, $version AS standard_version, {attempts} AS attempts
            FROM _refused q {before}""",
            {"version": version},
        )
    if prepared.replayed:
        session.execute("DROP TABLE attempts_before")
