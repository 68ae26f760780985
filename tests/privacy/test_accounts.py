"""Users, sessions, keys and limits at the level of the state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import func, select, text

from onepool.clock import FakeClock
from onepool.privacy import api_keys, attempts, audit, sessions, users
from onepool.privacy.roles import PERMISSIONS, Permission, Role, may
from onepool.state import State
from onepool.state.schema import login_attempts

PASSWORD = "correct horse battery"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State.at(tmp_path / "state.sqlite")
    yield state
    state.close()


def add(state: State, clock: FakeClock, email: str = "mei@brand.test") -> users.User:
    return users.create_user(state, clock, email=email, name="梅", role=Role.ANALYST, password=PASSWORD)


def stored(state: State) -> str:
    """Everything that the state holds, as text."""
    with state.read() as connection:
        tables = ("users", "sessions", "api_keys", "audit")
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


def test_password_is_kept_as_argon2id_only(state: State, clock: FakeClock) -> None:
    add(state, clock)
    assert PASSWORD not in stored(state)
    with state.read() as connection:
        kept = extract_parameters(connection.execute(text("SELECT password_hash FROM users")).scalar_one())
    # RFC 9106, second recommended option.
    assert (kept.type, kept.memory_cost, kept.time_cost, kept.parallelism) == (Type.ID, 64 * 1024, 3, 4)
    assert users.verify(state, " MEI@brand.test ", PASSWORD) is not None
    assert users.verify(state, "mei@brand.test", PASSWORD + " ") is None
    assert users.verify(state, "nobody@brand.test", PASSWORD) is None


@pytest.mark.parametrize("password", ["short", "a" * 300, "aaaabbbbaaaabbbb", "mei@brand.test"])
def test_weak_passwords(state: State, clock: FakeClock, password: str) -> None:
    with pytest.raises(users.UserError) as error:
        users.create_user(state, clock, email="mei@brand.test", name="", role=Role.ADMIN, password=password)
    assert error.value.code == "password-weak"


@pytest.mark.parametrize("email", ["", "mei", "a b@c.d", "@c", "x" * 300 + "@c.d"])
def test_what_is_no_address(state: State, clock: FakeClock, email: str) -> None:
    with pytest.raises(users.UserError, match="not an e-mail address"):
        users.create_user(state, clock, email=email, name="", role=Role.ADMIN, password=PASSWORD)


def test_address_is_taken_once(state: State, clock: FakeClock) -> None:
    add(state, clock)
    with pytest.raises(users.UserError) as error:
        add(state, clock, "Mei@Brand.Test")
    assert error.value.code == "user-exists"
    with pytest.raises(users.UserError, match="no such user"):
        users.set_password(state, clock, "other@brand.test", PASSWORD)


def test_first_admin_is_made_once_even_by_two_processes(state: State, clock: FakeClock) -> None:
    made: list[tuple[str, str] | None] = []
    threads = [threading.Thread(target=lambda: made.append(users.ensure_admin(state, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in made if one is not None]) == 1
    assert len(users.list_users(state)) == 1


def test_tokens_are_kept_as_hashes(state: State, clock: FakeClock) -> None:
    token, _ = sessions.start(state, clock, add(state, clock))
    key, secret = api_keys.create_key(state, clock, name="k", role=Role.ENGINEER)
    assert len(token) >= 43 and len(secret) >= 43
    assert token not in stored(state) and secret not in stored(state)
    assert sessions.find(state, clock, token) is not None
    assert sessions.find(state, clock, token + "x") is None
    assert sessions.find(state, clock, "\udcff") is None
    found = api_keys.find_key(state, clock, secret)
    assert found is not None and found.id == key.id and found.role is Role.ENGINEER
    assert api_keys.find_key(state, clock, secret[:-1]) is None
    with pytest.raises(api_keys.KeyUnknown):
        api_keys.revoke_key(state, clock, 99)


def test_use_of_a_key_is_noted_now_and_then(state: State, clock: FakeClock) -> None:
    _, secret = api_keys.create_key(state, clock, name="k", role=Role.ANALYST)
    first = clock.now()
    api_keys.find_key(state, clock, secret)
    clock.advance(timedelta(minutes=1))
    api_keys.find_key(state, clock, secret)
    assert api_keys.list_keys(state)[0].last_used_at == first
    clock.advance(timedelta(minutes=5))
    api_keys.find_key(state, clock, secret)
    assert api_keys.list_keys(state)[0].last_used_at == clock.now()


def test_ended_sessions_are_cleared_away(state: State, clock: FakeClock) -> None:
    user = add(state, clock)
    for _ in range(3):
        sessions.start(state, clock, user)
    clock.advance(sessions.IDLE)
    sessions.start(state, clock, user)
    with state.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_parallel_guesses_share_one_limit(state: State, clock: FakeClock) -> None:
    passed = []

    def guess() -> None:
        try:
            attempts.begin(state, clock, "mei@brand.test", "203.0.113.7")
        except attempts.TooManyAttempts:
            return
        passed.append(1)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == attempts.PER_PAIR


def test_one_address_can_not_try_many_accounts_and_the_table_stays_small(state: State, clock: FakeClock) -> None:
    refused = 0
    for number in range(attempts.PER_ADDRESS + 20):
        try:
            attempts.begin(state, clock, f"u{number}@brand.test", "203.0.113.7")
        except attempts.TooManyAttempts as error:
            refused += 1
            assert 0 < error.seconds <= 900
    assert refused == 20
    with state.read() as connection:
        rows = connection.execute(select(func.count()).select_from(login_attempts)).scalar_one()
    assert rows == 3 * attempts.PER_ADDRESS
    clock.advance(attempts.WINDOW)
    attempts.begin(state, clock, "u@brand.test", "203.0.113.7")
    with state.read() as connection:
        assert connection.execute(select(func.count()).select_from(login_attempts)).scalar_one() == 3


def test_trail_is_read_backwards_page_by_page(state: State, clock: FakeClock) -> None:
    for number in range(5):
        audit.record(state, clock, "cli", "export", f"file {number}", {"rows": number})
    first = audit.trail(state, limit=2)
    assert [entry.subject for _, entry in first] == ["file 4", "file 3"]
    rest = audit.trail(state, before=first[-1][0])
    assert [entry.detail["rows"] for _, entry in rest] == [2, 1, 0]


def test_every_role_has_its_permissions_and_admin_all() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[Role.ADMIN] == frozenset(Permission)
    for role in Role:
        assert may(role, Permission.SESSION)
        assert may(role, Permission.AUDIT_READ) == (role in (Role.ADMIN, Role.PRIVACY))
