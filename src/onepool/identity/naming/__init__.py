"""Names of persons as they are typed in China: Hanzi, pinyin, Latin script, titles, masks, noise."""

from __future__ import annotations

from onepool.identity.naming.parse import UNKNOWN, PersonName, parse_name

__all__ = ["UNKNOWN", "PersonName", "parse_name"]
