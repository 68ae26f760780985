"""Names as people and systems write them, and the standard's names that they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from onepool.standards.model import Title

_LOOSE = re.compile(r"[\s_\-.]+")


def loose(name: str) -> str:
    """The form in which names are compared: without case, blanks, `_`, `-` and `.`."""
    return _LOOSE.sub("", name).casefold()


class Names:
    """Finds a name by itself, by its synonyms, by its titles, in that order of trust.

    A synonym beats the loose spelling of another name: "Order Completed" is Segment's word for a paid order although
    `order_completed` is an event of its own. Titles count only where they are not ambiguous.
    """

    def __init__(self, declared: Mapping[str, tuple[tuple[str, ...], Title]]) -> None:
        titles: dict[str, str | None] = {}
        self._exact = set(declared)
        self._loose: dict[str, str] = {}
        self.rank: dict[str, int] = {}
        for name, (synonyms, _) in declared.items():
            for rank, synonym in enumerate(synonyms, 1):
                self._loose[loose(synonym)] = name
                self.rank.setdefault(loose(synonym), rank)
        for name, (_, title) in declared.items():
            self._loose.setdefault(loose(name), name)
            for text in title.values():
                key = loose(text)
                titles[key] = name if titles.get(key, name) == name else None
        for key, named in titles.items():
            if named is not None:
                self._loose.setdefault(key, named)
                self.rank.setdefault(key, 10_000)

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every known spelling in loose form -> name."""
        return self._loose

    def find(self, name: str) -> str | None:
        """The standard's name for `name`, or None."""
        return name if name in self._exact else self._loose.get(loose(name))

    def order(self, name: str) -> int:
        """How direct a spelling is (0 = the name itself); of two spellings of one field the lower one is taken."""
        return 0 if name in self._exact else self.rank.get(loose(name), 1)
