"""Every channel against its own table of cases: payloads to items, messages to requests, answers to receipts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.channels import cases
from tests.channels.cases import Table

from onepool.channels import registry
from onepool.channels.base import Refused, Unsendable
from onepool.collect import hooked


def _params(kind: str) -> list[Any]:
    return [pytest.param(table, case, id=name) for name, table, case in cases.every(kind)]


@pytest.mark.parametrize(("table", "case"), _params("receive"))
def test_a_push_is_verified_answered_and_read(table: Table, case: dict[str, Any]) -> None:
    account, now, request = table.account(case), table.now(case), cases.request_of(case)
    assert table.channel.check is not None
    if "refused" in case:
        with pytest.raises(Refused) as refused:
            table.channel.check(request, account, now)
        assert refused.value.code == case["refused"]
        return
    reply = table.channel.check(request, account, now)
    wanted = case.get("answer", {})
    assert reply.status == wanted.get("status", 200)
    if "body" in wanted:
        assert reply.body.decode() == wanted["body"]
    if "json" in wanted:
        assert json.loads(reply.body) == wanted["json"]
    if "items" not in case and "broken" not in case:
        assert reply.keep is None, "a push that is kept needs `items` (or `broken`) in its case"
        return
    assert reply.keep is not None
    items, broken = cases.items_of(hooked.pushed(request, account, now, reply.keep.plain))
    assert items == case.get("items", [])
    assert broken == case.get("broken", [])


@pytest.mark.parametrize(("table", "case"), _params("pull"))
def test_a_stream_asks_keeps_and_goes_on(table: Table, case: dict[str, Any]) -> None:
    calls, pages, failed = cases.run_pull(table, case)
    wanted = [step["call"] for step in case["exchange"]]
    assert [_same_parts(call, step) for call, step in zip(calls, wanted, strict=False)] == wanted
    assert len(calls) == len(wanted)
    assert failed == case.get("failed")
    assert [page.call for page in pages] == [page["call"] for page in case.get("pages", [])]
    for page, expected in zip(pages, case.get("pages", []), strict=True):
        record = hooked.pulled(table.account(case), page.call, page.body, table.now(case))
        items, broken = cases.items_of(record)
        assert items == expected.get("items", [])
        assert broken == expected.get("broken", [])
    if "cursor_after" in case:
        kept = [page.cursor for page in pages if page.cursor is not None]
        assert (kept[-1] if kept else case.get("cursor", {})) == case["cursor_after"]


@pytest.mark.parametrize(("table", "case"), _params("rows"))
def test_rows_of_a_database_are_read_once_and_again_when_they_change(
    table: Table, case: dict[str, Any], tmp_path: Path
) -> None:
    for wanted, items, failed in cases.Database(table, case, tmp_path / "brand.sqlite").rounds():
        if "failed" in wanted:
            assert failed is not None and wanted["failed"] in failed
        else:
            assert failed is None
            assert items == wanted.get("items", [])


@pytest.mark.parametrize(("table", "case"), _params("mistakes"))
def test_a_mistake_in_the_settings_is_told_in_words(table: Table, case: dict[str, Any]) -> None:
    assert table.channel.problems is not None
    found = table.channel.problems(table.account(case).settings)
    assert [name for name, _ in found] == [one["setting"] for one in case["told"]]
    for (_, words), one in zip(found, case["told"], strict=True):
        assert one["words"] in words


@pytest.mark.parametrize(("table", "case"), _params("reach"))
def test_a_message_becomes_a_request(table: Table, case: dict[str, Any]) -> None:
    reach = table.channel.reach
    assert reach is not None and reach.request is not None
    account, now = table.account(case), table.now(case)
    if "receipt" in case:
        with pytest.raises(Unsendable) as refused:
            reach.request(cases.message_of(case["message"]), account, now)
        assert cases.receipt_of(refused.value.receipt) == case["receipt"]
        return
    call = reach.request(cases.message_of(case["message"]), account, now)
    if table.channel.sign is not None and case.get("signed"):
        call = table.channel.sign(call, account, now)
    assert _same_parts(cases.call_of(call), case["call"]) == case["call"]


@pytest.mark.parametrize(("table", "case"), _params("outcomes"))
def test_an_answer_becomes_a_receipt(table: Table, case: dict[str, Any]) -> None:
    reach = table.channel.reach
    assert reach is not None and reach.outcome is not None
    given = case.get("message") or {"kind": table.channel.manifest.messages[0].name, "to": {}}
    message, answer = cases.message_of(given), cases.answer_of(case["answer"])
    if case.get("asked") and reach.inquire is not None:
        (receipt,) = cases.inquired(reach.inquire([message], "msg1", table.account(case), table.now(case)), [answer])
    else:
        conclude = reach.told if case.get("asked") else reach.outcome
        assert conclude is not None
        receipt = conclude(message, answer)
    assert cases.receipt_of(receipt) == case["receipt"]


@pytest.mark.parametrize("name", registry.names())
def test_a_channel_is_complete(name: str) -> None:
    """What a manifest declares is there, and is in the standard."""
    from onepool.standards import load_standard

    channel, standard = registry.channel(name), load_standard()
    manifest = channel.manifest
    assert name in standard.channels
    assert {one.type for one in manifest.identifiers} <= set(standard.identifier_types)
    scopes = {one.scope for one in manifest.identifiers} - {"", "touchpoint"}
    assert scopes <= {one.name for one in manifest.settings}
    for signal in manifest.signals:
        if signal.kind == "event":
            assert signal.event in standard.events, signal.event
            assert set(signal.fields) <= set(standard.event_fields(signal.event)), signal.event
        assert set(signal.traits) <= set(standard.attributes), signal.event
    for window in manifest.windows:
        assert window.event in standard.events
        assert set(window.where) | ({window.per} if window.per else set()) <= set(standard.event_fields(window.event))
    allowances = {window.allowance for window in manifest.windows}
    for message in manifest.messages:
        assert set(message.to) <= set(standard.identifier_types)
        assert message.allowance is None or message.allowance in allowances
    if manifest.messages:
        assert channel.reach is not None
    if "push" in manifest.ways or "receipt" in manifest.ways:
        assert channel.check is not None and channel.read is not None
    if "pull" in manifest.ways:
        assert (channel.streams or channel.streams_of) and channel.read is not None
    for text in (manifest.title, *(one.title for one in manifest.settings), *(one.title for one in manifest.messages)):
        assert set(text) == {"zh", "en"}
    kinds = {table.name: table for table in cases.tables()}
    if channel.check is not None or channel.streams or channel.streams_of is not None or channel.reach is not None:
        assert name in kinds, "a channel comes with cases.yaml"


def _same_parts(call: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The parts of a call that the case names; of headers and query those that it names."""
    found = {name: call.get(name) for name in wanted}
    for name in ("headers", "query"):
        if isinstance(wanted.get(name), dict):
            found[name] = {one: (call.get(name) or {}).get(one) for one in wanted[name]}
    return found
