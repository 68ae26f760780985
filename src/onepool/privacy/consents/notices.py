"""Texts that people are shown when they are asked: versions that never change, each with the hash of its text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy.audit import record_in
from onepool.state import State
from onepool.state.consents import consent_notices

_LONGEST: Final = 20_000


class NoticeError(OnePoolError):
    """A notice that can't be kept like this."""

    code = "notice"


@dataclass(frozen=True, slots=True)
class Notice:
    """One version. `texts`, `hashes` (SHA-256 in hex of the UTF-8 text): by language."""

    name: str
    version: int
    texts: Mapping[str, str]
    hashes: Mapping[str, str]
    at: datetime
    author: str

    @property
    def label(self) -> str:
        """As events name it in the field `notice`."""
        return f"{self.name}@{self.version}"


def text_hash(text: str) -> str:
    """The hash by which a text is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def save(state: State, clock: Clock, name: str, texts: Mapping[str, str], *, author: str) -> Notice:
    """A new version with these texts by language; the same texts again are the version that has them.

    Raises NoticeError.
    """
    cleaned = {language: text.strip() for language, text in texts.items()}
    if not name or len(name) > 60 or "@" in name:
        raise NoticeError("a notice has a name of at most 60 characters, without @", where="name")
    if not cleaned or any(not text or len(text) > _LONGEST for text in cleaned.values()):
        raise NoticeError(f"each language needs a text of at most {_LONGEST:,} characters", where="texts")
    with state.write() as connection:
        before = latest(connection, name)
        if before is not None and dict(before.texts) == cleaned:
            return before
        version = 1 if before is None else before.version + 1
        now = to_micros(clock.now())
        for language, text in sorted(cleaned.items()):
            connection.execute(
                insert(consent_notices).values(
                    name=name, version=version, language=language, text=text, hash=text_hash(text), at=now,
                    author=author[:256],
                )
            )  # fmt: skip
        record_in(connection, clock, author, "consent.notice", f"notice:{name}", {"version": version})
        made = find(connection, name, version)
    assert made is not None
    return made


def latest(connection: Connection, name: str) -> Notice | None:
    """The latest version of a notice."""
    version = connection.execute(
        select(func.max(consent_notices.c.version)).where(consent_notices.c.name == name)
    ).scalar_one()
    return None if version is None else find(connection, name, version)


def find(connection: Connection, name: str, version: int) -> Notice | None:
    """One version."""
    t = consent_notices.c
    rows = connection.execute(select(consent_notices).where(t.name == name, t.version == version)).all()
    if not rows:
        return None
    texts = {row.language: row.text for row in rows}
    hashes = {row.language: row.hash for row in rows}
    return Notice(name, version, texts, hashes, from_micros(rows[0].at), rows[0].author)


def every(connection: Connection) -> list[Notice]:
    """All versions of all notices, by name, the latest first."""
    t = consent_notices.c
    keys = connection.execute(select(t.name, t.version).distinct().order_by(t.name, t.version.desc())).all()
    return [found for row in keys if (found := find(connection, row.name, row.version)) is not None]
