"""Looking into a touchpoint's database before it is mapped, and proposing what its columns mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, get_args

from onepool.channels import registry
from onepool.channels.base import Account, Column, PullFailed, Shape
from onepool.channels.base.database import Kind
from onepool.collect.files.mapping import Kind as FileKind
from onepool.collect.files.mapping import Mapping
from onepool.collect.files.plan import Dictionary, Planner, Target
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError
from onepool.privacy.masking import PERSON_NAMES, mask_plain, mask_text

KINDS: Final[tuple[str, ...]] = get_args(Kind)

_FILES: Final[dict[str, FileKind]] = {
    "event": "events", "profile": "customers", "order": "orders", "product": "products", "store": "stores",
    "coupon": "coupons", "campaign": "campaigns", "link": "links",
}  # fmt: skip

_WORDS: Final = (
    ("order", re.compile(r"order|trade|sale|receipt|订单|小票", re.I)),
    ("profile", re.compile(r"member|customer|user|client|vip|contact|会员|客户|顾客", re.I)),
    ("product", re.compile(r"product|goods|sku|item|商品", re.I)),
    ("store", re.compile(r"store|shop|门店|店铺", re.I)),
    ("coupon", re.compile(r"coupon|voucher|优惠券", re.I)),
    ("campaign", re.compile(r"campaign|promotion|活动", re.I)),
)
_CHANGED: Final = re.compile(r"(gmt|last)?_?(modif|updat|chang)|更新|修改", re.I)
_MADE: Final = re.compile(r"(gmt)?_?creat|insert|add_?time|创建|新增", re.I)
_PERSONAL: Final = re.compile(r"姓名|联系人|收货人|收件人|地址|身份证|name|addr|recei|contact|id_?card", re.I)
_FEN: Final = re.compile(r"(^|_)(fen|cents?)($|_)|分$", re.I)
_TIME_TYPES: Final = ("date", "time")
_NUMBER_TYPES: Final = ("int", "serial", "number")
_HIDDEN: Final = PERSON_NAMES | {"address", "receiver_address", "id_card", "openid", "unionid", "wechat"}
_STAGES: Final = {f"{step}_at": step for step in ("placed", "paid", "shipped", "completed", "cancelled", "refunded")}


class TablesError(OnePoolError):
    """A touchpoint's database can't be looked into."""

    code = "tables"


@dataclass(frozen=True, slots=True)
class Look:
    """A table as it is shown: rows masked, ``uses`` what each column would be taken for (in the order of columns).

    ``proposal``: an entry of the setting ``tables`` that the person can correct and save.
    """

    table: str
    columns: list[Column]
    uses: list[str]
    rows: list[list[str | None]]
    proposal: dict[str, Any]


def names(account: Account) -> list[str]:
    """The tables that a touchpoint's database has. Raises TablesError."""
    found = registry.channel(account.channel).tables
    if found is None:
        raise TablesError(f"{account.channel} is no database", where=f"touchpoint {account.touchpoint}")
    try:
        return found(account)
    except PullFailed as error:
        raise TablesError(error.message, where=f"touchpoint {account.touchpoint}") from error


def look(account: Account, touchpoint: Touchpoint, table: str, standard: Dictionary, kind: str | None = None) -> Look:
    """One table with a few masked rows and a proposed mapping. Raises TablesError."""
    found = registry.channel(account.channel).shape
    if found is None:
        raise TablesError(f"{account.channel} is no database", where=f"touchpoint {account.touchpoint}")
    if kind is not None and kind not in KINDS:
        raise TablesError(f"there is no kind {kind}", hint=f"there are {', '.join(KINDS)}")
    try:
        shape = found(account, table)
    except PullFailed as error:
        raise TablesError(error.message, where=f"touchpoint {account.touchpoint}") from error
    kind = kind or guess_kind(table)
    planner = Planner(_FILES[kind], standard, touchpoint, Mapping())
    targets = [planner.resolve(one.name) if planner.knows(one.name) else None for one in shape.columns]
    hide = [_hides(one.name, target) for one, target in zip(shape.columns, targets, strict=True)]
    rows = [[_masked(cell, whole) for cell, whole in zip(row, hide, strict=True)] for row in shape.rows]
    uses = ["" if target is None else str(target) for target in targets]
    return Look(table, shape.columns, uses, rows, propose(shape, kind, targets, touchpoint, standard))


def guess_kind(table: str) -> str:
    """What a table's rows probably are, by its name."""
    return next((kind for kind, words in _WORDS if words.search(table.rpartition(".")[2])), "event")


def propose(
    shape: Shape, kind: str, targets: list[Target | None], touchpoint: Touchpoint, standard: Dictionary
) -> dict[str, Any]:
    """An entry of ``tables``: what the columns' names say. It is checked when it is saved."""
    ids: dict[str, str] = {}
    fields: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    steps: dict[str, str] = {}
    spec: dict[str, Any] = {}
    for column, target in zip(shape.columns, targets, strict=True):
        if target is None or target.role in ("ignore", "item"):
            continue
        value: Any = {"column": column.name, "unit": "fen"} if _FEN.search(column.name) else column.name
        identifier = standard.identifier_named(target.name)
        if target.role == "identifier" or (target.role == "attribute" and identifier is not None):
            scoped = target.scope and target.scope != touchpoint.name
            ids.setdefault(f"{target.name}@{target.scope}" if scoped else target.name, column.name)
        if target.role == "attribute":
            traits.setdefault(target.name, value)
        elif target.role == "field":
            fields.setdefault(target.name, value)
        elif target.role == "control":
            _control(target.name, column.name, value, spec, fields, steps)
    keys = [one.name for one in shape.columns if one.key] or [shape.columns[0].name]
    whole: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9_]+", "_", shape.table)[:60].strip("_") or "table",
        "table": shape.table,
        "kind": kind,
        "key": keys[0] if len(keys) == 1 else keys,
    }
    if cursor := guess_cursor(shape, kind):
        whole["cursor"] = cursor[0] if len(cursor) == 1 else cursor
    whole |= spec
    whole |= {name: value for name, value in (("ids", ids), ("fields", fields), ("traits", traits)) if value}
    if kind == "order":
        whole["steps"] = steps
    return whole


def guess_cursor(shape: Shape, kind: str) -> list[str]:
    """The columns that most likely grow with every change: a time of change, else of events a running number."""

    def typed(one: Column, *kinds: str) -> bool:
        return any(kind in one.type for kind in kinds)

    made = [one.name for one in shape.columns if typed(one, *_TIME_TYPES) and _MADE.search(one.name)]
    changed = [one for one in shape.columns if typed(one, *_TIME_TYPES) and _CHANGED.search(one.name)]
    if changed:
        return [changed[0].name, *(made[:1] if changed[0].nullable else [])]
    keys = [one.name for one in shape.columns if one.key and typed(one, *_NUMBER_TYPES)]
    return keys if kind in ("event", "link") and len(keys) == 1 else []


def _control(
    name: str, column: str, value: Any, spec: dict[str, Any], fields: dict[str, Any], steps: dict[str, str]
) -> None:
    if name in _STAGES:
        steps.setdefault(_STAGES[name], column)
    elif name == "time":
        spec.setdefault("time", column)
    elif name == "event":
        spec.setdefault("event", {"column": column})
    elif name == "event_id":
        spec.setdefault("message_id", [column])
    else:
        fields.setdefault("order_status" if name == "status" else name, value)


def _hides(column: str, target: Target | None) -> bool:
    """Whether a column's values are hidden whatever they look like: names, addresses, identifiers."""
    if target is not None and (target.role == "identifier" or target.name in _HIDDEN):
        return True
    return bool(_PERSONAL.search(column)) and (target is None or target.role != "item")


def _masked(cell: str | None, whole: bool) -> str | None:
    if cell is None:
        return None
    shown = mask_text(cell)
    return mask_plain(cell) if whole and shown == cell else shown
