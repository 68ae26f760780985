"""Limits on signing in: failures are counted in the state per account and address, so restarts forget nothing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from onepool.clock import Clock, to_micros
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import login_attempts

WINDOW = timedelta(minutes=15)
# Failures in the window: from one address on one account; from one address; on one account from anywhere. The last is
# wide, so that a stranger can hardly lock a person out.
PER_PAIR, PER_ADDRESS, PER_ACCOUNT = 5, 30, 100


class TooManyAttempts(OnePoolError):
    """Signing in is closed for a while. `seconds`: how long at most."""

    code = "too-many-attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__("too many failed attempts to sign in", hint=f"try again in {seconds} seconds")
        self.seconds = seconds


def begin(state: State, clock: Clock, account: str, address: str) -> None:
    """Count an attempt before the password is checked, so that parallel ones can't pass together.

    Raises TooManyAttempts, and then counts nothing: the table stays bounded by the limits.
    """
    now = to_micros(clock.now())
    since = now - WINDOW // timedelta(microseconds=1)
    subjects = _subjects(account, address)
    with state.write() as connection:
        connection.execute(delete(login_attempts).where(login_attempts.c.at <= since))
        found = connection.execute(
            select(login_attempts.c.subject, func.count().label("n"), func.min(login_attempts.c.at).label("first"))
            .where(login_attempts.c.subject.in_(list(subjects)))
            .group_by(login_attempts.c.subject)
        ).all()
        for row in found:
            if row.n >= subjects[row.subject]:
                raise TooManyAttempts(max(1, -(-(row.first - since) // 1_000_000)))
        connection.execute(insert(login_attempts), [{"subject": subject, "at": now} for subject in subjects])


def succeed(state: State, account: str, address: str) -> None:
    """The password was right: the account's failures from this address are forgotten, and the attempt with them."""
    pair, place, person = _subjects(account, address)
    with state.write() as connection:
        connection.execute(delete(login_attempts).where(login_attempts.c.subject == pair))
        for subject in (place, person):
            latest = select(func.max(login_attempts.c.id)).where(login_attempts.c.subject == subject).scalar_subquery()
            connection.execute(delete(login_attempts).where(login_attempts.c.id == latest))


def _subjects(account: str, address: str) -> dict[str, int]:
    account = account.strip().lower()[:200]
    address = address[:64]
    return {f"{account} {address}": PER_PAIR, f"from {address}": PER_ADDRESS, f"on {account}": PER_ACCOUNT}
