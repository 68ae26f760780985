"""A person's name, taken apart."""

from __future__ import annotations

from typing import Literal, NamedTuple


class PersonName(NamedTuple):
    """What is known of a name; empty fields are unknown.

    `surname` and `given` are readings (toneless pinyin, or words of Latin script in lower case): a surname is one word
    (`ouyang`), a given name one per character. `hanzi_surname` and `hanzi_given` are simplified characters where the
    name was written so; `*` in the given name hides a character.
    """

    surname: str
    given: tuple[str, ...]
    hanzi_surname: str
    hanzi_given: str
    script: Literal["hanzi", "pinyin", "latin", ""]


UNKNOWN = PersonName("", (), "", "", "")
