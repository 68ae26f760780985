"""Advertising: conversions in few calls, hashed audiences, and clicks that meet the visits they led to."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.channels import cases
from tests.channels.platform import running_platform

from onepool.channels import registry
from onepool.channels.base import Account, Message, Unsendable, encode_json, hashed, write_audience
from onepool.channels.connection import Connection
from onepool.clock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADS = registry.channel("ads")


def _account(**settings: Any) -> Account:
    given = {"platform": "tencent", "path_secret": "s", "access_token": "T1", "account_id": "1", **settings}
    return cases.Table("ads", {"account": given}).account({})


def _conversion(number: int, **content: Any) -> Message:
    return Message(
        "conversion", {"ad_click": f"wx{number}"}, {"event": "order_paid", "time": 1, **content}, f"k{number}"
    )


def _batches(messages: list[Message]) -> list[tuple[list[Message], Any]]:
    assert ADS.reach is not None and ADS.reach.batch is not None
    return list(ADS.reach.batch(messages, _account(), NOW))


def test_fifty_actions_a_call() -> None:
    messages = [_conversion(number) for number in range(120)]
    found = _batches(messages)
    assert [len(part) for part, _ in found] == [50, 50, 20]
    assert [message for part, _ in found for message in part] == messages
    ids = [action["outer_action_id"] for _, call in found for action in call.json["actions"]]
    assert len(set(ids)) == 120 and all(call.idempotent for _, call in found)
    again = [action["outer_action_id"] for _, call in _batches(messages) for action in call.json["actions"]]
    assert again == ids


def test_fifty_kilobytes_a_call() -> None:
    found = _batches([_conversion(number, url="https://a.example/" + "x" * 1500) for number in range(80)])
    sizes = [len(encode_json(call.json)) for _, call in found]
    assert all(size <= 50_000 for size in sizes)
    assert sizes[0] > 48_000
    assert sum(len(part) for part, _ in found) == 80


def test_a_clicks_own_address_is_a_call_of_its_own() -> None:
    own = "https://api.e.qq.com/v3.0/user_actions/add?cb=C1&conv_id=9"
    found = _batches([_conversion(1), _conversion(2, callback=own), _conversion(3), _conversion(4, callback=own)])
    assert [[message.key for message in part] for part, _ in found] == [["k1", "k3"], ["k2", "k4"]]
    assert found[1][1].query == {"cb": "C1", "conv_id": "9"}
    assert "account_id" not in found[1][1].json and found[0][1].json["account_id"] == 1


@pytest.mark.parametrize(
    "callback",
    ["https://evil.example/x", "http://169.254.169.254/?conv_id=1", "nonsense", "//?cb", "https://[::1/?cb=1", "%%%"],
)
def test_an_address_from_outside_is_not_believed(callback: str) -> None:
    ((_, call),) = _batches([_conversion(1, callback=callback)])
    assert (call.url, dict(call.query)) == ("https://api.e.qq.com/v3.0/user_actions/add", {})


def test_tokens_stand_where_the_platform_wants_them() -> None:
    assert ADS.sign is not None
    ((_, plain),) = _batches([_conversion(1)])
    signed = ADS.sign(plain, _account(), NOW)
    assert signed.query["access_token"] == "T1" and signed.query["timestamp"] == str(int(NOW.timestamp()))
    assert len(signed.query["nonce"]) == 32 and signed.query["nonce"] != ADS.sign(plain, _account(), NOW).query["nonce"]
    ((_, own),) = _batches([_conversion(1, callback="https://api.e.qq.com/conv?cb=C1")])
    signed = ADS.sign(own, _account(), NOW)
    assert signed.headers["access-token"] == "T1" and "access_token" not in signed.query


def test_many_are_sent_in_few_calls_and_one_that_cannot_be_does_not_hold_up_the_others() -> None:
    wrong = Message("conversion", {"ad_click": "x"}, {"event": "page_viewed"}, "bad")
    messages = [_conversion(1), wrong, *[_conversion(number) for number in range(2, 61)]]
    with running_platform({"/user_actions/add": {"code": 0, "message": ""}}) as platform:
        account = Account("tp", "ads", _account().settings, {}, {"tencent": platform.url, "ocean_engine": platform.url})
        connection = Connection(ADS, account, FakeClock(NOW))
        receipts = connection.send_many(messages)
        connection.close()
    assert [receipt.state for receipt in receipts] == ["sent", "refused", *["sent"] * 59]
    assert [len(asked.body["actions"]) for asked in platform.asked] == [50, 10]


def test_amounts_and_what_is_none() -> None:
    for amount, fen in (("12.30", 1230), (100, 10000), (0.1, 10), ("1e9", None), ("", None), ("-3", None)):
        ((_, call),) = _batches([_conversion(1, amount=amount)])
        action = call.json["actions"][0]
        assert action.get("action_param", {}).get("value") == fen, amount
    with pytest.raises(Unsendable):
        _batches([Message("conversion", {}, {"event": "order_paid"}, "k")])


def test_hashed_audiences(tmp_path: Path) -> None:
    people = (
        {"phone": [f"+86139{number:08}", "+85251234567"], "idfa": ["6d92078a-8246-4ba4-ae5b-76104861e7dc"]}
        for number in range(1000)
    )
    assert ADS.audience is not None
    formats = ADS.audience(_account())
    counts = write_audience(hashed(people, formats), [one.name for one in formats], tmp_path / "out")
    assert counts == {"phone_md5": 1000, "phone_sha256": 1000, "idfa_md5": 1000, "oaid_md5": 0, "imei_md5": 0}
    lines = (tmp_path / "out" / "phone_md5.txt").read_text().split()
    assert lines[0] == hashlib.md5(b"13900000000").hexdigest() and len(set(lines)) == 1000
    idfa = hashlib.md5(b"6D92078A-8246-4BA4-AE5B-76104861E7DC").hexdigest()
    assert set((tmp_path / "out" / "idfa_md5.txt").read_text().split()) == {idfa}
    for path in (tmp_path / "out").iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert all(set(line) <= set("0123456789abcdef") and len(line) in (32, 64) for line in path.read_text().split())


def test_a_broken_audience_leaves_nothing(tmp_path: Path) -> None:
    def people() -> Any:
        yield {"phone": ["+8613900000000"]}
        raise OSError("the pool is gone")

    assert ADS.audience is not None
    with pytest.raises(OSError):
        formats = ADS.audience(_account())
        write_audience(hashed(people(), formats), [one.name for one in formats], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_demonstrations_macros_are_those_of_the_instructions() -> None:
    text = json.dumps(ADS.manifest.instructions)
    for macro in ("__CALLBACK_PARAM__", "__OAID__", "__IDFA__", "__TS__", "__CLICK_ID__", "__MUID__", "__CALLBACK__"):
        assert macro in text
