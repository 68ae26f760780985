"""Douyin: the authorisation that outlives the process, and leads from a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.channels.platform import Platform, running_platform
from typer.testing import CliRunner

from onepool.channels import registry
from onepool.channels.base import Answer, Call, Message, Push
from onepool.channels.connection import Connection, TokenRefused
from onepool.channels.douyin.leads import answers, known
from onepool.cli.app import app
from onepool.clock import FakeClock
from onepool.collect.accounts import AccountError, Accounts, keep_secret, make_account
from onepool.collect.connections import Connections
from onepool.collect.touchpoint import Touchpoint

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
DOUYIN = registry.channel("douyin")
ACCOUNT = Touchpoint(
    "dy",
    "douyin",
    settings={
        "client_key": "awr8bfr64vxgk036",
        "client_secret": "file:secrets/secret",
        "refresh_token": "file:secrets/refresh",
        "open_id": "brand",
    },
    sandbox=True,
)
HELLO = Message("proactive", {"douyin_open_id": "u1"}, {"text": "新品"}, "k1")


class _Owner:
    """The platform's side of the authorisation."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.refresh, self.until, self.renewals = "rft.1", NOW + 30 * DAY, 0
        self.tokens = 0
        self.valid: set[str] = set()

    def refreshed(self, asked: Any) -> Any:
        if _form(asked)["refresh_token"] != self.refresh or self.clock.now() >= self.until:
            return {"data": {"error_code": 10010, "description": "refresh_token expired"}, "message": "error"}
        self.tokens += 1
        token = f"act.{self.tokens}"
        self.valid.add(token)
        left = int((self.until - self.clock.now()).total_seconds())
        data = {"access_token": token, "error_code": 0, "expires_in": str(15 * 86400), "refresh_token": self.refresh}
        return {"data": {**data, "refresh_expires_in": left, "open_id": "brand"}, "message": "success"}

    def renewed(self, asked: Any) -> Any:
        if _form(asked)["refresh_token"] != self.refresh:
            return {"data": {"error_code": 10010}}
        if self.renewals == 5:
            return {"data": {"error_code": 10020}}
        self.renewals += 1
        self.refresh, self.until = f"rft.{self.renewals + 1}", self.clock.now() + 30 * DAY
        return {"data": {"error_code": 0, "expires_in": 30 * 86400, "refresh_token": self.refresh}}

    def sent(self, asked: Any) -> Any:
        return {"err_no": 0, "data": {"msg_id": "@1"}} if self.valid else {"err_no": 28001008}


def _form(asked: Any) -> dict[str, str]:
    found: dict[str, str] = asked.body
    return found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def owner(clock: FakeClock) -> _Owner:
    return _Owner(clock)


@pytest.fixture
def platform(owner: _Owner) -> Iterator[Platform]:
    answers_ = {
        "/oauth/refresh_token/": owner.refreshed,
        "/oauth/renew_refresh_token/": owner.renewed,
        "/im/send/msg/": owner.sent,
        "/im/authorize/status/": {"err_no": 0},
    }
    with running_platform(answers_) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret").write_text("s3cret")
    (tmp_path / "secrets" / "refresh").write_text("rft.1\n")
    return tmp_path


def _connection(data: Path, platform: Platform, clock: FakeClock) -> Connection:
    """As a process makes it that has just started."""
    return Connection(DOUYIN, Accounts(data, platform.url).of(ACCOUNT), clock)


def test_the_token_is_kept_beside_the_refresh_token_for_every_process(
    data: Path, platform: Platform, clock: FakeClock
) -> None:
    assert _connection(data, platform, clock).send(HELLO).state == "sent"
    held = json.loads((data / "secrets" / "refresh").read_text())
    assert (held["refresh_token"], held["access_token"]) == ("rft.1", "act.1")
    assert (data / "secrets" / "refresh").stat().st_mode & 0o077 == 0
    assert _connection(data, platform, clock).send(HELLO).state == "sent"
    assert len(platform.calls("/oauth/refresh_token/")) == 1


def test_messages_claimed_before_the_token_was_kept_take_the_same_line(
    data: Path, platform: Platform, clock: FakeClock
) -> None:
    accounts, lines = Accounts(data, platform.url), Connections(clock)
    before = accounts.of(ACCOUNT)
    for _ in range(3):
        assert lines.of(before).send(HELLO).state == "sent"
    line = lines.of(accounts.of(ACCOUNT))
    assert line is lines.of(before)
    assert line.send(HELLO).state == "sent"
    assert len(platform.calls("/oauth/refresh_token/")) == 1
    # The owner agrees again: what stands in the file then was never this line's.
    (data / "secrets" / "refresh").write_text("rft.2")
    assert lines.of(Accounts(data, platform.url).of(ACCOUNT)) is not line
    lines.close()


def test_two_processes_that_renew_at_once_take_turns_and_the_second_begins_with_the_new_token(
    data: Path, platform: Platform, clock: FakeClock, owner: _Owner
) -> None:
    accounts = Accounts(data, platform.url)
    # Both have read the secret before either of them renews it.
    lines = [Connection(DOUYIN, accounts.of(ACCOUNT), clock) for _ in range(2)]
    threads = [threading.Thread(target=line.send, args=(HELLO,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(platform.calls("/oauth/refresh_token/")) == 1
    assert len(platform.calls("/im/send/msg/")) == 2
    assert lines[0].account.settings == lines[1].account.settings


def test_what_the_brand_has_read_is_not_read_by_the_customer() -> None:
    def read(reader: str) -> list[str]:
        body = {"event": "im_message_read", "from_user_id": "c1", "to_user_id": "brand",
                "content": {"conversation_short_id": "x", "conversation_type": 1, "read_open_id": reader}}  # fmt: skip
        push = Push("hook", "tp", {"open_id": "brand"}, {}, json.dumps(body).encode())
        assert DOUYIN.read is not None
        return [item.name for item in DOUYIN.read(push).items]

    assert read("c1") == ["message_read"]
    assert read("brand") == ["douyin.im_message_read"]


def test_it_lasts_half_a_year_when_asked_once_a_day_and_then_the_owner_must_agree_again(
    data: Path, platform: Platform, clock: FakeClock, owner: _Owner
) -> None:
    accounts, days = Accounts(data, platform.url), 0
    stream = DOUYIN.streams["authorisation"]
    with pytest.raises(TokenRefused):
        while days < 400:
            connection = Connection(DOUYIN, accounts.of(ACCOUNT), clock)
            assert list(connection.pull(stream, {})) == []
            connection.close()
            clock.advance(DAY)
            days += 1
    assert owner.renewals == 5
    assert 150 < days < 185


def test_one_process_that_goes_on_renews_in_time(
    data: Path, platform: Platform, clock: FakeClock, owner: _Owner
) -> None:
    connection = _connection(data, platform, clock)
    for _ in range(100):
        assert connection.send(HELLO).state == "sent"
        clock.advance(DAY)
    assert owner.renewals >= 3
    assert json.loads((data / "secrets" / "refresh").read_text())["refresh_token"] == owner.refresh


def test_a_rejected_token_is_fetched_anew_once(data: Path, platform: Platform, clock: FakeClock, owner: _Owner) -> None:
    connection = _connection(data, platform, clock)
    assert connection.send(HELLO).state == "sent"
    owner.valid.clear()
    assert connection.send(HELLO).state == "sent"  # another token is fetched, and taken
    assert len(platform.calls("/oauth/refresh_token/")) == 2


def test_without_an_authorisation_it_is_said(data: Path, platform: Platform, clock: FakeClock) -> None:
    (data / "secrets" / "refresh").write_text("rft.other")
    receipt = _connection(data, platform, clock).send(HELLO)
    assert (receipt.state, receipt.reason, receipt.account) == ("retry", "account_error", True)
    for broken in ("{", '{"a": 1}'):
        (data / "secrets" / "refresh").write_text(broken)
        assert _connection(data, platform, clock).send(HELLO).reason == "account_error"
    (data / "secrets" / "refresh").write_text("")
    with pytest.raises(AccountError, match="empty"):
        _connection(data, platform, clock)


def test_a_secret_of_the_environment_is_never_renewed(
    data: Path, platform: Platform, clock: FakeClock, owner: _Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DY_REFRESH", "rft.1")
    touchpoint = Touchpoint(
        "dy", "douyin", settings={**ACCOUNT.settings, "refresh_token": "env:DY_REFRESH"}, sandbox=True
    )
    clock.set(NOW + 28 * DAY)
    account = make_account(touchpoint, data, platform.url)
    assert Connection(DOUYIN, account, clock).send(HELLO).state == "sent"
    assert owner.renewals == 0
    with pytest.raises(AccountError, match="can't be kept"):
        keep_secret(touchpoint, data, "refresh_token", "x")


def test_the_header_carries_the_token() -> None:
    token = DOUYIN.token
    assert token is not None
    assert token.attach(Call("POST", "https://x", headers={"a": "b"}), "T").headers == {"a": "b", "access-token": "T"}
    assert token.rejected(Answer(200, b'{"err_no":28001008}')) and not token.rejected(Answer(200, b'{"err_no":0}'))


@pytest.mark.parametrize("card", [None, [], "x", {"labels": None}, {"labels": [1, None, []]}, {"items": {"a": 1}}])
def test_cards_of_unknown_shape(card: Any) -> None:
    assert answers(card) == []


def test_a_phone_is_found_without_its_label() -> None:
    assert known([("联系方式", "13912345678"), ("姓名", "王")]) == {"name": "王", "phone": "13912345678"}
    assert known([("电话", "139****5678")]) == {}


def test_leads_from_a_file_with_the_mapping_of_the_how_to(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "channels-messages.md"
    mapping = page.read_text(encoding="utf-8").partition("# leads.yaml\n")[2].partition("```")[0]
    (tmp_path / "leads.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "leads.csv").write_text(
        "线索ID,姓名,电话,城市,创建时间,来源\n"
        "L1,王小明,13912345678,杭州,2026-01-02 10:00:00,私信\n"
        "L2,李,139****5678,上海,2026-01-02 11:00:00,主页\n",
        encoding="utf-8",
    )
    runner = CliRunner()
    assert runner.invoke(app, ["init", str(tmp_path / "ws")]).exit_code == 0
    arguments = ["import", "events", str(tmp_path / "leads.csv"), "--map", str(tmp_path / "leads.yaml"), "--json"]
    done = runner.invoke(app, [*arguments, "--workspace", str(tmp_path / "ws"), "--dry-run"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert '"accepted": 1' in json.dumps(report) and "identifier.none" in json.dumps(report)
