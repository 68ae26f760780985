"""Lists as files for spreadsheets, for those who may take them out (`exports.take`).

Each download is noted in the audit trail, with what was asked for and how many rows that is; values are masked as on
the pages of whoever takes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.csv_file import Cell, csv_file
from onepool.api.problems import NotFound
from onepool.api.routers.deliveries import Filter, Text, names_of_broadcasts
from onepool.api.routers.deliveries import shown as shown_delivery
from onepool.api.showing import shown
from onepool.clock import from_micros
from onepool.pool import catalog, customers
from onepool.privacy import audit
from onepool.privacy.roles import Permission
from onepool.reach import deliveries
from onepool.reach.deliveries import Place, Wanted

router = APIRouter(tags=["exports"])
Rows = Iterator[list[list[Cell]]]
Taker = Annotated[Caller, Depends(Need(Permission.EXPORTS_TAKE))]

_PORTION = 2000
_MEMBER = ("customer_id", "name", "phone", "email", "since", "last_seen", "orders", "spend", "currency")
_DELIVERY = (
    "send_id", "planned", "customer_id", "journey", "broadcast", "message", "message_version", "channel", "touchpoint",
    "kind", "category", "state", "reason", "hop", "attempts", "sent", "delivered", "read", "clicked",
)  # fmt: skip


@router.get("/segments/{name}/members.csv", response_class=StreamingResponse)
def export_segment_members(
    name: Annotated[str, Path(max_length=200)],
    who: Taker,
    ws: Workspace,
    time: Time,
) -> StreamingResponse:
    """The members now as CSV, the latest entry first."""
    if ws.definitions.get("segment", name) is None:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    with ws.pool.read() as session:
        members = catalog.all_members(session, name)
    audit.record(ws.state, time, who.actor, "export", f"segment:{name}", {"customers": members.num_rows})
    standard, currency = ws.standard(), ws.settings.currency
    view = shown(who, standard)

    def portions() -> Rows:
        for start in range(0, members.num_rows, _PORTION):
            part = members.slice(start, _PORTION)
            ids = part["customer_id"].to_pylist()
            with ws.pool.read() as session:
                rows = customers.rows(session, ids, attributes=list(standard.attributes), currency=currency)
            known = {row.customer_id: view.row(row, currency) for row in rows}
            yield [
                [one, row.name, row.phone, row.email, since, row.last_seen, row.orders, row.spend, currency]
                if (row := known.get(one)) is not None
                else [one, None, None, None, since, None, None, None, None]
                for one, since in zip(ids, part["since"].to_pylist(), strict=True)
            ]

    return csv_file(name, _MEMBER, portions())


@router.get("/deliveries.csv", response_class=StreamingResponse)
def export_deliveries(
    who: Taker, ws: Workspace, time: Time, filter: Filter, broadcast: Text = None
) -> StreamingResponse:
    """Messages as CSV, the latest planned first, filtered as in the log. No addresses are in it."""
    with ws.state.read() as connection:
        count = sum(one[3] for one in deliveries.counted(connection, filter))
    audit.record(ws.state, time, who.actor, "export", "deliveries", {"messages": count, **_asked(filter, broadcast)})

    def portions() -> Rows:
        before: Place | None = None
        while True:
            with ws.state.read() as connection:
                rows = deliveries.page(connection, filter, before, _PORTION)
                names = names_of_broadcasts(connection, rows)
            if not rows:
                return
            before = Place(rows[-1].planned, rows[-1].send_id)
            yield [[told[column] for column in _DELIVERY] for told in (shown_delivery(row, names) for row in rows)]

    return csv_file("deliveries", _DELIVERY, portions())


def _asked(filter: Wanted, broadcast: str | None) -> dict[str, str | int]:
    """Every part of a filter that was given, as it was; a broadcast by its name."""
    given = {
        "journey": filter.journey if broadcast is None else None, "broadcast": broadcast, "message": filter.message,
        "channel": filter.channel, "touchpoint": filter.touchpoint,
        "state": None if filter.states is None else ", ".join(one.name.lower() for one in filter.states),
        "reason": filter.reason, "customer_id": filter.customer,
        "run_id": None if filter.run is None else str(filter.run),
        "since": None if filter.since is None else from_micros(filter.since).isoformat(),
        "until": None if filter.until is None else from_micros(filter.until).isoformat(),
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}
