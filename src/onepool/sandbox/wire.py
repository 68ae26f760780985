"""What a platform is asked and how it answers, as plain values: doubles are functions of these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that arrived at ``/{channel}/{endpoint}/{path}``. ``headers`` has lower-case names.

    ``whole``: the path as it was asked for, which some signatures cover.
    """

    method: str
    endpoint: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    whole: str = ""

    @property
    def args(self) -> dict[str, str]:
        """The query's values by name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body's values by name, where it is a form; empty where it can't be one."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=1000))
        except (UnicodeDecodeError, ValueError):
            return {}

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        found = self.json
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer. ``code``: the platform's code as text, for the ledger; ``what``: the call's name there.

    ``to`` and ``key``: whom a message is for, and by what the sender would know it again. ``accepted``: it is on its
    way (or with somebody who must confirm).
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    code: str = "0"
    what: str = ""
    to: tuple[str, ...] = ()
    key: str = ""
    accepted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def told(value: Any, code: object = 0, **more: Any) -> Told:
    """An answer in JSON, as the platforms write it (letters of other scripts as they are)."""
    return Told(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), code=str(code), **more)


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words(value: Any) -> list[str]:
    """The texts of a list; empty for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def paged(rows: list[Any], cursor: Any, size: int) -> tuple[list[Any], str]:
    """A page of rows, and the cursor of the next one (empty: none)."""
    begin = int(cursor[1:]) if isinstance(cursor, str) and cursor[1:].isdigit() else 0
    end = begin + size
    return rows[begin:end], f"c{end}" if end < len(rows) else ""
