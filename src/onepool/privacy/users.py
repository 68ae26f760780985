"""People who sign in. Passwords are kept as argon2id hashes (RFC 9106, parameters of argon2-cffi)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy.audit import record_in
from onepool.privacy.roles import Role
from onepool.state import State
from onepool.state.schema import sessions, users

MIN_PASSWORD = 12
FIRST_ADMIN = "admin@onepool.local"

_hasher = PasswordHasher()
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}")


class UserError(OnePoolError):
    """A user can't be made or changed as asked."""

    code = "user"


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account."""

    id: int
    email: str
    name: str
    role: Role
    language: str | None
    disabled: bool
    created_at: datetime


def ensure_admin(state: State, clock: Clock) -> tuple[str, str] | None:
    """Make the first administrator when there is no user at all: (e-mail, password to be shown once), else None."""
    password = secrets.token_urlsafe(18)
    hashed = _hasher.hash(password)
    with state.write() as connection:
        if connection.execute(select(func.count()).select_from(users)).scalar_one():
            return None
        connection.execute(
            insert(users).values(
                email=FIRST_ADMIN,
                name="Administrator",
                role=Role.ADMIN.value,
                password_hash=hashed,
                disabled=False,
                created_at=to_micros(clock.now()),
            )
        )
        record_in(connection, clock, "system", "user.add", FIRST_ADMIN, {"role": Role.ADMIN.value})
    return FIRST_ADMIN, password


def create_user(
    state: State, clock: Clock, *, email: str, name: str, role: Role, password: str, actor: str = "cli"
) -> User:
    """Make a user. Raises UserError: not an e-mail address, address taken, or a weak password."""
    address = normal_email(email)
    check_password(password, address)
    hashed = _hasher.hash(password)
    with state.write() as connection:
        if connection.execute(select(users.c.id).where(users.c.email == address)).first() is not None:
            raise UserError("there is a user with this e-mail address", where=address, code="user-exists")
        connection.execute(
            insert(users).values(
                email=address,
                name=name.strip() or address,
                role=role.value,
                password_hash=hashed,
                disabled=False,
                created_at=to_micros(clock.now()),
            )
        )
        record_in(connection, clock, actor, "user.add", address, {"role": role.value})
        row = connection.execute(select(users).where(users.c.email == address)).one()
    return _user(row)


def list_users(state: State) -> list[User]:
    """All users by e-mail address."""
    with state.read() as connection:
        return [_user(row) for row in connection.execute(select(users).order_by(users.c.email))]


def get_user(state: State, user_id: int) -> User | None:
    """The user with this id, or None."""
    with state.read() as connection:
        row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _user(row)


def find_user(state: State, email: str) -> User | None:
    """The user with this e-mail address, or None."""
    with state.read() as connection:
        row = connection.execute(select(users).where(users.c.email == email.strip().lower())).one_or_none()
    return None if row is None else _user(row)


def set_password(state: State, clock: Clock, email: str, password: str, *, actor: str = "cli") -> None:
    """Give a user a new password and end all sessions of the user. Raises UserError."""
    address = normal_email(email)
    check_password(password, address)
    hashed = _hasher.hash(password)
    with state.write() as connection:
        row = connection.execute(select(users.c.id).where(users.c.email == address)).one_or_none()
        if row is None:
            raise UserError("no such user", where=address, code="user-unknown")
        connection.execute(update(users).where(users.c.id == row.id).values(password_hash=hashed))
        connection.execute(delete(sessions).where(sessions.c.user_id == row.id))
        record_in(connection, clock, actor, "user.password", address)


def disable_user(state: State, clock: Clock, email: str, *, actor: str = "cli") -> None:
    """Lock a user out, at once. Raises UserError."""
    address = normal_email(email)
    with state.write() as connection:
        row = connection.execute(select(users.c.id).where(users.c.email == address)).one_or_none()
        if row is None:
            raise UserError("no such user", where=address, code="user-unknown")
        connection.execute(update(users).where(users.c.id == row.id).values(disabled=True))
        connection.execute(delete(sessions).where(sessions.c.user_id == row.id))
        record_in(connection, clock, actor, "user.disable", address)


def verify(state: State, email: str, password: str) -> User | None:
    """The user if the password is right and the account open, else None; takes as long for unknown addresses."""
    address, nobody = email.strip().lower(), _nobody()
    with state.read() as connection:
        row = connection.execute(select(users).where(users.c.email == address)).one_or_none()
    try:
        _hasher.verify(nobody if row is None else row.password_hash, password)
    except (VerificationError, InvalidHashError):
        return None
    if row is None or row.disabled:
        return None
    if _hasher.check_needs_rehash(row.password_hash):
        with state.write() as connection:
            connection.execute(update(users).where(users.c.id == row.id).values(password_hash=_hasher.hash(password)))
    return _user(row)


def normal_email(email: str) -> str:
    """The address in the form that accounts are kept by. Raises UserError when it is none."""
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise UserError("not an e-mail address", where=address[:80], code="user-email")
    return address


def check_password(password: str, address: str) -> None:
    """Refuse weak passwords (NIST SP 800-63B: length counts, composition rules do not). Raises UserError."""
    if len(password) < MIN_PASSWORD:
        raise UserError(f"the password has fewer than {MIN_PASSWORD} characters", code="password-weak")
    if len(password) > 256:
        raise UserError("the password has more than 256 characters", code="password-weak")
    if len(set(password)) < 5 or address.split("@")[0] == password.lower() or address == password.lower():
        raise UserError("the password is too easy to guess", code="password-weak")


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        disabled=bool(row.disabled),
        created_at=from_micros(row.created_at),
    )


@cache
def _nobody() -> str:
    """Checked against when the address is unknown, so that the answer takes as long. The first sign-in makes it."""
    return _hasher.hash(secrets.token_hex(16))
