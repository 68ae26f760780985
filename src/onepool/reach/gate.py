"""The gate: may this message go to this customer now, later, or not at all? For whole columns, from its inputs alone.

The same function decides when messages are planned (live and in back-tests) and once more when they are claimed; a
claim and a back-test say `reserve`, so that messages of one call count for each other's caps.

In this order, the first that holds is the reason: `expired`, `control`, no address (`not_follower`, `not_friend`,
`bad_address`), a suppression's own reason, `no_consent`, `capped`, `quiet_skipped`. What may go out later is deferred:
to the first open minute of the customer's clock, plus 0 to 10 minutes that the message's key decides, so that not
everybody hears at nine sharp. Later than it expires: `expired`; later than the quiet hours' `max_defer`:
`quiet_skipped`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.reach import caps, keys
from onepool.reach.hours import NEVER, Hours, closed_minutes, local_days
from onepool.reach.keys import I64
from onepool.reach.rules import DAY, MINUTE, TRANSACTIONAL, ContactPolicy, Quiet, SendPolicy
from onepool.reach.states import SendState

Bools = npt.NDArray[np.bool_]

PLANNED: Final = pa.schema(
    [
        ("send_id", pa.int64()),
        ("run_id", pa.int64()),  # null: of a broadcast
        ("broadcast_id", pa.int64()),
        ("version_id", pa.int64()),
        ("journey", pa.string()),  # its name; of broadcasts `broadcast:ID`
        ("customer_id", pa.int64()),
        ("node", pa.int32()),
        ("visit", pa.int32()),
        ("hop", pa.int32()),
        ("channel", pa.string()),
        ("touchpoint", pa.string()),  # null: any of the channel
        ("kind", pa.string()),
        ("template", pa.string()),  # null: the only content of the channel
        ("message", pa.string()),
        ("message_version", pa.int32()),
        ("category", pa.string()),
        ("purpose", pa.string()),  # null: the category's
        ("priority", pa.int32()),
        ("planned", pa.int64()),  # µs; null: now
        ("expires", pa.int64()),  # µs; null: never
        ("staff", pa.string()),  # `owner` (also null), or a member of staff's id
        ("vars", pa.string()),  # JSON
        ("policy", pa.int32()),  # index into the policies given beside
    ]
)
"""A message that somebody planned."""

DECIDED: Final = pa.schema(
    [
        ("state", pa.int8()),  # QUEUED, DEFERRED or SUPPRESSED
        ("reason", pa.string()),
        ("due", pa.int64()),  # µs; null: suppressed
        ("identifier_id", pa.int64()),
        ("sent_over", pa.string()),  # the touchpoint; null where there is no address
        ("staff_id", pa.string()),
    ]
)
"""What the gate adds to it."""

ADDRESSES: Final = pa.schema(
    [
        ("identifier_id", pa.int64()),  # null: there is none
        ("touchpoint", pa.string()),
        ("staff_id", pa.string()),
        ("reason", pa.string()),  # where there is none
    ]
)
LEDGER: Final = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("at", pa.int64()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("journey", pa.string()),
    ]
)

JITTER: Final = 10 * MINUTE


class GateWorld(Protocol):
    """What the gate asks about. Answers are aligned with the rows asked about."""

    @property
    def policy(self) -> ContactPolicy: ...

    def addresses(self, wanted: pa.Table, at: int) -> pa.Table:
        """`ADDRESSES` for rows of (customer_id, channel, touchpoint, kind, staff): a live address, the one that fits
        the kind first, then the latest."""

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        """A reason (of the closed list) or null for rows of (customer_id, identifier_id, channel, category)."""

    def consented(self, asked: pa.Table, at: int) -> Bools:
        """Whether the customer agrees, for rows of (customer_id, identifier_id, channel, category, purpose)."""

    def zones(self, customers: I64, attribute: str | None) -> tuple[list[str], I64]:
        """Names of zones, and each customer's as an index (-1: not known). `attribute`: looked at first."""

    def ledger(self, customers: I64, since: int) -> pa.Table:
        """`LEDGER`: messages to these customers since an instant that went out or may have."""


def gate(
    planned: pa.Table,
    policies: Sequence[SendPolicy],
    world: GateWorld,
    at: int,
    *,
    reserve: bool = False,
    moments: I64 | None = None,
) -> pa.Table:
    """`planned` (`PLANNED`) with the columns of `DECIDED`.

    ``at``: microseconds. ``reserve``: rows that may go out now count for the caps of those after them. ``moments``:
    each row's own instant, not behind `at`, by which its hours, caps and expiry are judged (back-tests, whose steps are
    long).
    """
    return pa.Table.from_arrays(
        [*planned.columns, *(column.cast(kind.type) for column, kind in zip(
            _Gate(planned, policies, world, at, reserve, moments).decide(), DECIDED, strict=True))],
        schema=pa.schema([*planned.schema, *DECIDED]),
    )  # fmt: skip


class _Gate:
    """One call's columns. A row is `open` until something is decided about it."""

    def __init__(
        self,
        planned: pa.Table,
        policies: Sequence[SendPolicy],
        world: GateWorld,
        at: int,
        reserve: bool,
        moments: I64 | None = None,
    ) -> None:
        self._planned = planned
        self._policies = list(policies)
        self._world = world
        self._reserve = reserve
        count = planned.num_rows
        self._at = np.full(count, at, np.int64) if moments is None else moments
        self._now = at
        self._customer = _ints(planned, "customer_id")
        self._policy = _ints(planned, "policy")
        self._category, self._categories = _codes(planned, "category")
        self._channel, self._channels = _codes(planned, "channel")
        self._expires = _ints(planned, "expires", NEVER)
        self._reason = np.full(count, None, object)
        self._open = np.ones(count, np.bool_)
        self._due = self._at.copy()
        self._clocks: dict[tuple[str | None, str | None], tuple[list[str], I64]] = {}

    def decide(self) -> list[pa.Array]:
        self._refuse(self._expires <= self._at, "expired")
        self._refuse(self._controlled(), "control")
        addresses = self._addressed()
        self._refused(addresses)
        if self._open.any():
            self._pace()
        state = np.where(self._due > self._at, SendState.DEFERRED, SendState.QUEUED)
        state = np.where(self._open, state, SendState.SUPPRESSED).astype(np.int8)
        return [
            pa.array(state),
            pa.array(self._reason, pa.string()),
            pa.array(self._due, mask=~self._open),
            addresses.column("identifier_id"),
            addresses.column("touchpoint"),
            addresses.column("staff_id"),
        ]

    def _refuse(self, rows: Bools, reason: str) -> None:
        rows = rows & self._open
        self._reason[rows] = reason
        self._open &= ~rows

    def _take_reasons(self, rows: I64, reasons: pa.Array | pa.ChunkedArray) -> None:
        given = np.array(reasons.to_pylist() if reasons.null_count < len(reasons) else [None] * rows.size, object)
        hit = rows[given != None]  # noqa: E711 elementwise
        self._reason[hit] = given[given != None]  # noqa: E711
        self._open[hit] = False

    def _controlled(self) -> Bools:
        control = self._world.policy.control
        none = np.zeros(self._at.size, np.bool_)
        if control is None or control.fraction <= 0:
            return none
        respecting = np.array([one.respect_control for one in self._policies], np.bool_)
        mine = np.isin(
            self._category, [self._categories.index(one) for one in control.categories & set(self._categories)]
        )
        mine &= respecting[self._policy]
        none[mine] = keys.bucket(control.salt, self._customer[mine]) < round(control.fraction * keys.BUCKETS)
        return none

    def _addressed(self) -> pa.Table:
        """The addresses of all rows; who has none is refused."""
        rows = np.flatnonzero(self._open)
        asked = self._planned.select(["customer_id", "channel", "touchpoint", "kind", "staff"])
        found = self._world.addresses(asked.take(pa.array(rows)), self._now)
        self._take_reasons(rows, found.column("reason"))
        place = np.full(self._at.size, -1, np.int64)
        place[rows] = np.arange(rows.size)
        return found.take(pa.array(place, mask=place < 0))

    def _refused(self, addresses: pa.Table) -> None:
        """Suppressions, then consent, of those who have an address."""
        rows = np.flatnonzero(self._open)
        if rows.size == 0:
            return
        asked = self._planned.select(["customer_id", "channel", "category", "purpose"])
        asked = asked.append_column("identifier_id", addresses.column("identifier_id"))
        part = asked.take(pa.array(rows))
        self._take_reasons(rows, self._world.suppressed(part, self._now))
        purposes = dict(self._world.policy.purposes)
        own = pa.array([purposes.get(one) for one in self._categories], pa.string()).take(pa.array(self._category))
        purpose = pc.coalesce(asked.column("purpose"), own)
        asked = asked.set_column(asked.column_names.index("purpose"), "purpose", purpose)
        transactional = _within(self._category, self._categories, TRANSACTIONAL)
        rows = np.flatnonzero(self._open & ~transactional)
        agreed = self._world.consented(asked.take(pa.array(rows)), self._now)
        self._refuse(_marked(self._at.size, rows[~agreed]), "no_consent")

    def _pace(self) -> None:
        """Caps and hours. Rows of one customer take turns where those before count."""
        hours, classes, rules = self._hours()
        first = self._at.copy()
        some = np.flatnonzero(self._open)
        names, zones = [self._world.policy.zone], np.zeros(self._at.size, np.int64)
        # Where nothing is ever shut and nothing is capped nobody's wall clock matters.
        if not hours.open_always or any(one.caps for one in self._policies) or self._world.policy.caps:
            names, zones = self._zones()
        if not hours.open_always:
            first[some] = hours.first_open(self._at[some], classes[some], names, zones[some])
        self._cap(first, names, zones)
        late = self._open & (self._due > self._at)
        self._due[late] = hours.first_open(self._due[late], classes[late], names, zones[late])
        skip = np.array([one is not None and one.on_hit == "skip" for one in rules], np.bool_)
        most = np.array([NEVER if one is None or one.max_defer is None else one.max_defer for one in rules], np.int64)
        begun = np.minimum(_ints(self._planned, "planned", self._now), self._at)
        self._refuse((first > self._at) & skip[classes], "quiet_skipped")
        # What expires before it may go out is cancelled, whatever else holds.
        self._refuse(self._due > self._expires, "expired")
        waits = np.where(first > self._at, self._due - begun, 0)
        self._refuse((self._due == NEVER) | (waits > most[classes]), "quiet_skipped")
        self._spread(hours, classes, names, zones)

    def _spread(self, hours: Hours, classes: I64, names: list[str], zones: I64) -> None:
        """Later by up to ten minutes, unless that minute is shut or too late."""
        rows = np.flatnonzero(self._open & (self._due > self._at))
        if rows.size == 0:
            return
        later = self._due[rows] + keys.key("jitter", _ints(self._planned, "send_id")[rows]) % JITTER
        fits = (later <= self._expires[rows]) & (hours.first_open(later, classes[rows], names, zones[rows]) == later)
        self._due[rows] = np.where(fits, later, self._due[rows])

    def _cap(self, first: I64, names: list[str], zones: I64) -> None:
        """Refuse what is capped; what quiet hours or caps hold up is due later."""
        self._due = np.where(self._open, first, self._due)
        journey, journeys = _codes(self._planned, "journey")
        rows = caps.Messages(self._customer, self._category, self._channel, journey, self._at)
        own = [one.caps for one in self._policies]
        rules = caps.rules_of(rows, caps.Names(self._categories, self._channels, journeys), self._policy, own,
                              self._world.policy.caps)  # fmt: skip
        longest = caps.longest(rules)
        if longest is None:
            return
        # A local day began at most a day and some hours of changed clocks ago.
        since = int(self._at.min()) - max(longest, DAY + DAY // 4)
        past = self._world.ledger(keys.distinct(self._customer[self._open]), since)
        category, categories = _coded(past.column("category"), self._categories)
        channel, channels = _coded(past.column("channel"), self._channels)
        journey_, journeys = _coded(past.column("journey"), journeys)
        known = caps.Names(categories, channels, journeys)
        before = caps.Messages(_ints(past, "customer_id"), category, channel, journey_, _ints(past, "at"))
        for turn in self._turns():
            part = rows.take(turn)
            mine = [_at_rows(rule, turn) for rule in rules]
            over, until = caps.over(part, before, known, mine, partial(local_days, part.at, names, zones[turn]))
            self._refuse(_marked(self._at.size, turn[over]), "capped")
            self._due[turn] = np.maximum(self._due[turn], caps.released(until))
            if self._reserve:
                going = self._open[turn] & (self._due[turn] <= self._at[turn])
                before = before.joined(part.take(going))

    def _turns(self) -> list[I64]:
        """The open rows; with `reserve` each customer's first ones, then the second ones, and so on."""
        rows = np.flatnonzero(self._open)
        if not self._reserve or rows.size == 0:
            return [rows] if rows.size else []
        order = np.argsort(self._customer[rows], kind="stable")
        who = self._customer[rows][order]
        start = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
        rank = np.empty(rows.size, np.int64)
        rank[order] = np.arange(rows.size) - np.repeat(start, np.diff(np.r_[start, rows.size]))
        return [rows[rank == turn] for turn in range(int(rank.max()) + 1)]

    def _hours(self) -> tuple[Hours, I64, list[Quiet | None]]:
        """Opening hours, each row's class of them, and each class's quiet hours."""
        policy = self._world.policy
        shape = (len(self._policies), len(self._categories), len(self._channels))
        used, classes = np.unique(
            np.ravel_multi_index((self._policy, self._category, self._channel), shape), return_inverse=True
        )
        closed = np.zeros((used.size, 2, 1440), np.bool_)
        rules: list[Quiet | None] = []
        for place, code in enumerate(used):
            which, category, channel = (int(one) for one in np.unravel_index(int(code), shape))
            rule = quiet_of(self._policies[which], self._categories[category], policy)
            closed[place] = closed_of(rule, self._categories[category], self._channels[channel], policy)
            rules.append(rule)
        return Hours(closed, policy.rest.days), classes.astype(np.int64), rules

    def _zones(self) -> tuple[list[str], I64]:
        """Zones of all open rows: the policies' own ideas first, else what is known, else the default."""
        names: dict[str, int] = {}
        found = np.zeros(self._at.size, np.int64)
        sources = [(one.zone, one.zone_else or self._world.policy.zone) for one in self._policies]
        for source in dict.fromkeys(sources):
            attribute, default = source
            mine = np.array([one == source for one in sources], np.bool_)[self._policy] & self._open
            if not mine.any():
                continue
            known, codes = self._world.zones(self._customer[mine], attribute)
            place = np.array([names.setdefault(name, len(names)) for name in [*known, default]], np.int64)
            found[mine] = place[codes]  # -1: the last one, the default
        return list(names) or [self._world.policy.zone], found


def quiet_of(policy: SendPolicy, category: str, workspace: ContactPolicy) -> Quiet | None:
    """The quiet hours of a send: its own, else its category's; None where there are none."""
    rule = policy.quiet if policy.quiet is not None else workspace.quiet.get(category)
    return None if rule is None or rule.on_hit == "ignore" else rule


def closed_of(rule: Quiet | None, category: str, channel: str, workspace: ContactPolicy) -> Bools:
    """The minutes in which a send of a category may not go out, on ordinary days and days of rest. Shape (2, 1440)."""
    closed = np.zeros((2, 1440), np.bool_)
    if rule is not None:
        closed |= closed_minutes(rule.start, rule.end)
    if category != TRANSACTIONAL and channel in workspace.windows:
        opened = np.zeros(1440, np.bool_)
        for start, end in workspace.windows[channel]:
            opened |= closed_minutes(start, end)
        closed |= ~opened
    if category in workspace.rest.categories:
        hours = workspace.rest.hours
        closed[1] |= np.ones(1440, np.bool_) if hours is None else ~closed_minutes(*hours)
    return closed


def _ints(table: pa.Table, name: str, missing: int = 0) -> I64:
    column = pc.fill_null(table.column(name).cast(pa.int64()), missing)
    return np.ascontiguousarray(column.to_numpy(), np.int64)


def _codes(table: pa.Table, name: str) -> tuple[I64, list[str]]:
    return _coded(table.column(name), [])


def _coded(column: pa.ChunkedArray, known: Sequence[str]) -> tuple[I64, list[str]]:
    """Texts as indices into a list that begins with `known`."""
    encoded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    names = {name: place for place, name in enumerate(known)}
    place = np.array([names.setdefault(name, len(names)) for name in encoded.dictionary.to_pylist()], np.int64)
    found = place[encoded.indices.to_numpy()] if len(encoded) else np.empty(0, np.int64)
    return found, list(names)


def _within(codes: I64, names: Sequence[str], name: str) -> Bools:
    found: Bools = codes == (list(names).index(name) if name in names else -1)
    return found


def _marked(count: int, rows: I64) -> Bools:
    found = np.zeros(count, np.bool_)
    found[rows] = True
    return found


def _at_rows(rule: caps.Rule, rows: I64) -> caps.Rule:
    return caps.Rule(rule.count, rule.window, rule.category, rule.channel, rule.journey, rule.skip, rule.applies[rows])
