"""The tables of cases beside each channel (``channels/NAME/cases.yaml``): reading and running them."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import yaml

import onepool.channels
from onepool.audience.conditions.parse import plain_data
from onepool.channels import registry
from onepool.channels.base import (
    Account,
    Answer,
    Call,
    Channel,
    Inquiring,
    Item,
    Message,
    Page,
    PullFailed,
    Receipt,
    Request,
)
from onepool.channels.connection import build
from onepool.collect import hooked
from onepool.collect.log import Record

FOLDER = Path(onepool.channels.__file__).parent


@dataclass(frozen=True)
class Table:
    """One channel's cases, with the account that they are of."""

    name: str
    content: dict[str, Any]

    @property
    def channel(self) -> Channel:
        return registry.channel(self.name)

    def account(self, case: dict[str, Any]) -> Account:
        manifest = self.channel.manifest
        defaults = {one.name: one.default for one in manifest.settings if one.default is not None}
        settings = {**defaults, **plain_data({**self.content.get("account", {}), **case.get("account", {})})}
        unknown = set(settings) - {one.name for one in manifest.settings}
        assert not unknown, f"the manifest has no settings {unknown}"
        return Account("tp", self.name, settings, case.get("scopes", {}), dict(manifest.endpoints))

    def now(self, case: dict[str, Any]) -> datetime:
        value = case.get("now", self.content.get("now", "2026-01-02T03:04:05Z"))
        return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)

    def cases(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content.get(kind) or []
        names = [one["name"] for one in found]
        assert len(set(names)) == len(names), f"two cases of {self.name} are named alike"
        return found


@cache
def tables() -> tuple[Table, ...]:
    """Of every channel that has one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(
        Table(path.parent.name, yaml.load(path.read_text(encoding="utf-8"), loader))
        for path in sorted(FOLDER.glob("*/cases.yaml"))
    )


def every(kind: str) -> Iterator[tuple[str, Table, dict[str, Any]]]:
    """(id, table, case) of all cases of a kind."""
    for table in tables():
        for case in table.cases(kind):
            yield f"{table.name}: {case['name']}", table, case


def request_of(case: dict[str, Any]) -> Request:
    given = case["request"]
    query = given.get("query", "")
    body = given.get("body", "")
    if "json" in given:
        body = json.dumps(given["json"], ensure_ascii=False)
    raw = base64.b64decode(given["body_base64"]) if "body_base64" in given else body.encode()
    return Request(
        method=given.get("method", "POST"),
        rest=given.get("rest", ""),
        query=query if isinstance(query, str) else str(httpx.QueryParams(query)),
        headers={name.lower(): str(value) for name, value in given.get("headers", {}).items()},
        body=raw,
        ip=given.get("ip", "203.0.113.9"),
    )


def items_of(record: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """What the tick would read in a record, as plain data, and the rules of what it can't read."""
    decoded = hooked.read(Record(**{name: getattr(record, name) for name in _RECORD}, offset=1))
    return [plain(item) for item in decoded.items], [broken.rule for broken in decoded.broken]


_RECORD = ("received_at", "touchpoint", "protocol", "headers", "body")


def plain(item: Item) -> dict[str, Any]:
    """An item without what is empty."""
    found = {
        "kind": item.kind,
        "name": item.name,
        "message_id": item.message_id,
        "time": item.time,
        "ids": [list(one) for one in item.ids],
        "fields": item.fields,
        "traits": item.traits,
        "context": item.context,
    }
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def answer_of(given: dict[str, Any]) -> Answer:
    body = json.dumps(given["json"]).encode() if "json" in given else str(given.get("body", "")).encode()
    return Answer(given.get("status", 200), body, given.get("headers", {}))


def message_of(given: dict[str, Any]) -> Message:
    return Message(given["kind"], given["to"], given.get("content", {}), given.get("key", "k1"))


def inquired(steps: Inquiring, answers: Sequence[Answer]) -> Sequence[Receipt]:
    """What is concluded from answers, all of which are asked for."""
    given = iter(answers)
    next(steps)
    try:
        while True:
            steps.send(next(given))
    except StopIteration as ended:
        assert next(given, None) is None
        found: Sequence[Receipt] = ended.value
        return found


def call_of(call: Call) -> dict[str, Any]:
    """A call as it goes over the wire, in comparable form."""
    with httpx.Client() as client:
        request = build(client, call)
    found: dict[str, Any] = {"method": request.method, "url": str(request.url.copy_with(query=None))}
    if request.url.query:
        found["query"] = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
    if call.headers:
        found["headers"] = dict(call.headers)
    if call.json is not None:
        found["json"] = json.loads(request.content)
    if call.form is not None:
        found["form"] = dict(call.form)
    if call.body is not None:
        found["body"] = call.body.decode("utf-8", "replace")
    return found


def receipt_of(receipt: Receipt) -> dict[str, Any]:
    """A receipt without what is empty and without its words."""
    found: dict[str, Any] = {"state": receipt.state, "reason": receipt.reason, "code": receipt.code}
    found |= {"provider_id": receipt.provider_id, "after": receipt.after, "account": receipt.account}
    found["marks"] = [{"event": mark.event, "fields": dict(mark.fields)} for mark in receipt.marks]
    return {name: value for name, value in found.items() if value not in (None, "", [], False)}


def run_pull(table: Table, case: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Page], str | None]:
    """Drive a stream through the exchange of a case: the calls made, the pages kept, why it stopped."""
    account, now = table.account(case), table.now(case)
    steps = table.channel.streams[case["stream"]].start(account, dict(case.get("cursor", {})), now)
    exchange = iter(case["exchange"])
    calls: list[dict[str, Any]] = []
    pages: list[Page] = []
    answer: Answer | None = None
    try:
        while True:
            step = steps.send(answer)
            answer = None
            if isinstance(step, Page):
                pages.append(step)
                continue
            if table.channel.sign is not None and case.get("signed"):
                step = table.channel.sign(step, account, now)
            calls.append(call_of(step))
            answer = answer_of(next(exchange)["answer"])
    except StopIteration:
        return calls, pages, None
    except PullFailed as error:
        return calls, pages, error.code or error.message


@dataclass
class Database:
    """A touchpoint that is a database, as a case describes it: SQLite here, other kinds in test_database_pull."""

    table: Table
    case: dict[str, Any]
    path: Path

    @property
    def account(self) -> Account:
        return self.table.account({"account": {**self.case.get("account", {}), "url": f"sqlite:///{self.path}"}})

    def rounds(self) -> Iterator[tuple[Mapping[str, Any], list[dict[str, Any]], str | None]]:
        """(round, what was read in it, why reading stopped) of each of the case's rounds, one after the other.

        Message ids are without the digest of a row's content.
        """
        cursor: dict[str, Any] = {}
        now = self.table.now(self.case)
        self._do([*self.table.content.get("database", []), *self.case.get("database", [])])
        for one in self.case["rounds"]:
            now += timedelta(seconds=one.get("after", 0))
            self._do(one.get("do", []))
            stream = self.table.channel.streams_for(self.account.settings)[self.case["stream"]]
            assert stream.rows is not None
            items: list[dict[str, Any]] = []
            failed = None
            try:
                for page in stream.rows(self.account, dict(cursor), now):
                    if page.body:
                        found, broken = items_of(hooked.pulled(self.account, page.call, page.body, now))
                        assert broken == []
                        items += [{**one, "message_id": one["message_id"].partition("#")[0]} for one in found]
                    cursor = page.cursor if page.cursor is not None else cursor
            except PullFailed as error:
                failed = error.message
            yield one, items, failed

    def _do(self, statements: list[str]) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            for one in statements:
                connection.execute(one)
            connection.commit()
