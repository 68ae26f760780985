"""Identifiers in digested form: what is told beside plain values, and what a digest in place of one means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from onepool.standards.normalise import digests
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

_IN_PLACE: Final = frozenset({"phone", "email"})
"""Types whose plain values never look like a digest."""


class Told:
    """Digests of plain values: which types are told beside them, and which one a digest in place of one is of."""

    def __init__(self, standard: Standard, settings: StandardSettings) -> None:
        self.digests: dict[str, dict[str, str]] = {}
        self._beside: dict[str, list[tuple[str, str, bytes]]] = {}
        self._made: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for kind in standard.identifier_types.values():
            if not kind.digest_of:
                continue
            if not kind.salted and kind.digest_of in _IN_PLACE:
                self.digests.setdefault(kind.digest_of, {})[kind.normaliser] = kind.name
            salt = settings.digest_salt if kind.salted else b""
            if kind.name in settings.digests and (salt or not kind.salted):
                self._beside.setdefault(kind.digest_of, []).append((kind.name, kind.normaliser, salt))

    @property
    def any(self) -> bool:
        """Whether any are told."""
        return bool(self._beside)

    def meant(self, kind: str, value: object) -> str | None:
        """The type that a value meant if it is a digest sent in place of one of type `kind`."""
        found = self.digests.get(kind)
        return None if found is None else found.get(digests.made_by(value) or "")

    def of(self, kind: str, value: str) -> Sequence[tuple[str, str]]:
        """Types and values of the digests that are told beside a plain identifier."""
        beside = self._beside.get(kind)
        if beside is None:
            return ()
        found = self._made.get((kind, value))
        if found is None:
            found = [(name, digests.digested(kind, value, algorithm, salt)) for name, algorithm, salt in beside]
            self._made[kind, value] = found
        return found
