"""coupon list|show|generate|load|codes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml
from sqlalchemy import Connection

from onepool.cli.output import HERE, Json, WorkspaceDir, author, note, opened, say, show_json, show_table
from onepool.clock import from_micros, to_micros
from onepool.errors import UsageError
from onepool.privacy import audit
from onepool.reach import coupons
from onepool.reach.coupons.listing import masked, page
from onepool.reach.coupons.reading import read_codes
from onepool.workspace import Workspace

commands = typer.Typer(help="Coupons: batches of codes, given out once each.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The batch's name.")]


@commands.command("list")
def list_coupons(folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """All batches: what was given out, redeemed, expired, and how many are left.

    Example: onepool coupon list
    """
    ws = opened(folder)
    with ws.state.read() as connection:
        batches, figures = coupons.all_batches(connection), coupons.all_figures(connection)
    rows = [_row(ws, one, figures.get(name, coupons.Figures())) for name, one in sorted(batches.items())]
    show_json(rows) if as_json else show_table(rows)


@commands.command("show")
def show_coupon(name: Name, folder: WorkspaceDir = HERE, as_json: Json = False) -> None:
    """One batch: its definition and figures.

    Example: onepool coupon show CPN_CART_20
    """
    ws = opened(folder)
    with ws.state.read() as connection:
        coupon, figures = coupons.load_batch(connection, name), coupons.figures_of(connection, name)
    if as_json:
        show_json({"definition": coupon.canonical(), "figures": _row(ws, coupon, figures)})
        return
    say(yaml.safe_dump(coupon.canonical(), allow_unicode=True, sort_keys=False).rstrip())
    row = _row(ws, coupon, figures)
    show_table([{"figure": key, "value": value} for key, value in row.items() if key not in ("coupon", "codes", "low")])
    if row["low"]:
        note(f"only {row['left']} codes are left")


@commands.command("generate")
def generate(
    name: Name,
    count: Annotated[int, typer.Argument(min=1, help="How many.")],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Make codes ahead, so that the shop can be told of them; never more than the stock.

    Example: onepool coupon generate CPN_CART_20 10000
    """
    ws = opened(folder)
    with ws.state.write() as connection:
        coupon = coupons.load_batch(connection, name)
        made = coupons.generate(connection, coupon, count, to_micros(ws.clock.now()))
        audit.record_in(connection, ws.clock, author(), "coupon.generate", f"coupon:{name}", {"made": made})
    if as_json:
        show_json({"made": made})
    else:
        say(f"{made} codes made" if made == count else f"{made} codes made: the stock allows no more")


@commands.command("load")
def load(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="Codes, one to a line, or CSV with the code first.", exists=True, dir_okay=False)
    ],
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Take in a list of codes that the shop made.

    Example: onepool coupon load CPN_STORE codes.csv
    """
    ws = opened(folder)
    with ws.state.read() as connection:
        coupon = coupons.load_batch(connection, name)

    def in_trail(connection: Connection, told: coupons.Loaded) -> None:
        audit.record_in(connection, ws.clock, author(), "coupon.load", f"coupon:{name}", _counts(told))

    found = coupons.load(ws.state, coupon, read_codes(file), to_micros(ws.clock.now()), in_trail)
    if as_json:
        show_json(asdict(found))
        return
    show_table([_counts(found)])
    for sample in found.samples:
        note(sample)


@commands.command("codes")
def list_codes(
    name: Name,
    status: Annotated[
        Literal["free", "issued", "redeemed", "expired", "void"] | None, typer.Option(help="Only these.")
    ] = None,
    customer: Annotated[int | None, typer.Option("--customer", help="Only those of this customer_id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 100,
    clear: Annotated[bool, typer.Option("--clear", help="Show codes that can be used (noted in the trail).")] = False,
    folder: WorkspaceDir = HERE,
    as_json: Json = False,
) -> None:
    """Codes of a batch; their middle is masked.

    Example: onepool coupon codes CPN_CART_20 --status issued
    """
    ws = opened(folder)
    with ws.state.read() as connection:
        if name not in coupons.all_batches(connection, name):
            raise UsageError(f"there is no batch {name}", hint="see: onepool coupon list")
        found = page(connection, name, status=status, customer_id=customer, limit=limit)
    if clear:
        audit.record(ws.state, ws.clock, author(), "export", f"coupon:{name}", {"codes": len(found)})
    rows = [
        {
            "code": one.code if clear else masked(one.code),
            "status": one.status,
            "customer_id": one.customer_id,
            "issued": _day(one.issued),
            "valid_until": _day(one.valid_until),
            "redeemed": _day(one.redeemed),
            "order_id": one.order_id,
        }
        for one in found
    ]
    show_json(rows) if as_json else show_table(rows)


def _counts(told: coupons.Loaded) -> dict[str, Any]:
    return {"added": told.added, "duplicates": told.duplicates, "refused": told.refused}


def _row(ws: Workspace, coupon: coupons.Coupon, figures: coupons.Figures) -> dict[str, Any]:
    left = figures.left(coupon, to_micros(ws.clock.now()))
    return {
        "coupon": coupon.coupon, "codes": coupon.kind, "stock": coupon.stock, "free": figures.free,
        "issued": figures.issued, "redeemed": figures.redeemed, "expired": figures.expired, "void": figures.void,
        "left": left, "low": left is not None and left < coupon.warns_below,
    }  # fmt: skip


def _day(micros: int | None) -> str | None:
    return None if micros is None else from_micros(micros).isoformat(timespec="seconds")
