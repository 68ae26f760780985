"""Names in Latin script: pinyin in either order, and other languages."""

from __future__ import annotations

from functools import cache
from typing import Final

from onepool.identity.naming.model import UNKNOWN, PersonName
from onepool.identity.naming.surnames import COMPOUND, ELSEWHERE, surname_rank, surname_reading
from onepool.identity.naming.syllables import NUMBER, fold, split_pinyin

_USUAL: Final = 100
"""Ranks of the usual surnames are below."""

_TITLES: Final = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "lady", "jr", "sr", "ii", "iii"])
_NOBODY: Final = frozenset(
    """test tester testing user guest admin null none nil unknown anonymous customer member name vip ok yes hello
    shop store service the and love baby wechat weixin taobao tmall jd company ltd""".split()  # noqa: SIM905
)


_USUAL_COMPOUND: Final = frozenset(["ouyang", "shangguan", "huangfu", "linghu", "zhuge", "situ", "sima", "duanmu"])


@cache
def _compound() -> frozenset[str]:
    """Compound surnames as they are read. Not made on import: it loads the table of readings."""
    return frozenset(map(surname_reading, COMPOUND))


def _foreign(words: list[str]) -> bool:
    """Whether the surname is romanised as in Hong Kong or Taiwan."""
    ranks = surname_rank()
    for place, word in enumerate(words):
        if word not in ELSEWHERE or ranks.get(word, _USUAL) < _USUAL:
            continue
        if word not in NUMBER or (place == 0 and all(ranks.get(other, _USUAL) >= _USUAL for other in words)):
            return True
    return False


def _pinyin(surname: str, given: tuple[str, ...]) -> PersonName:
    return PersonName(surname, given[-2:], "", "", "pinyin")


def _one_word(written: str, word: str) -> PersonName:
    """wangxiaoming, LiNa; a short word without capitals inside may be anything (lina, dana)."""
    humps = sum(letter.isupper() for letter in written[1:]) > 0 and not written.isupper()
    syllables = split_pinyin(word, 4)
    if len(syllables) < (2 if humps else 3) or any(one[0] in "aeo" for one in syllables[1:]):
        return UNKNOWN
    ranks = surname_rank()
    for length in (2, 1):
        surname = "".join(syllables[:length])
        if surname in ranks and ranks[surname] < 1_000 and len(syllables) - length in (1, 2):
            return _pinyin(surname, syllables[length:])
    return UNKNOWN


def _order(words: list[str], capitals: list[bool], comma: bool) -> PersonName | None:
    """Surname first or last? None if the words are no pinyin name."""
    ranks = surname_rank()
    first, last = words[0], words[-1]
    rest, front = words[1:], words[:-1]
    after = [one for word in rest for one in split_pinyin(word, 3)] if all(split_pinyin(w, 3) for w in rest) else []
    before = [one for word in front for one in split_pinyin(word, 3)] if all(split_pinyin(w, 3) for w in front) else []
    if len(words) == 3 and first + words[1] in ranks and after[1:]:
        return _pinyin(first + words[1], tuple(after[1:]))  # ou yang xiu
    leads = first in ranks and 1 <= len(after) <= 2
    trails = last in ranks and 1 <= len(before) <= 2
    if leads and trails and not comma:
        if capitals[0] != capitals[-1]:
            leads, trails = capitals[0], capitals[-1]  # ZHANG Wei
        elif (first in _compound()) != (last in _compound()):
            # Sun Yuwen is a Sun; of compound surnames only a few are more usual than given names that sound so.
            leads = first in _USUAL_COMPOUND or (first not in _compound() and last not in _USUAL_COMPOUND)
            trails = not leads
        elif len(words) > 2 and (ranks[first] < _USUAL) != (ranks[last] < _USUAL):
            leads = ranks[first] < _USUAL  # wang xiao ming
            trails = not leads
    if leads and (comma or not trails):
        return _pinyin(first, tuple(after))
    if trails and not leads:
        return _pinyin(last, tuple(before))
    if leads and trails:
        # Either may be the surname: what both readings have in the given name, or with two syllables both.
        both = (first, last) if len(after) == 1 and len(before) == 1 else tuple(set(after) & set(before))
        return PersonName("", both[:2], "", "", "pinyin")
    return None


def parse_latin(text: str, words: list[str]) -> PersonName:
    """A name of the given words of `text`, in the order in which they stand."""
    kept = [word for word in words if fold(word) not in _TITLES]
    folded = [fold(word.replace("’", "'")) for word in kept]
    titled = len(kept) < len(words)
    if not kept or len(kept) > 4 or any(word in _NOBODY for word in folded):
        return UNKNOWN
    if len(kept) == 1:
        word = folded[0]
        if titled and word in surname_rank() and word not in ELSEWHERE:
            return _pinyin(word, ())  # Mr Wang
        return _one_word(kept[0], word)
    comma = "," in text
    capitals = [len(word) > 1 and word.isupper() for word in kept]
    if _foreign(folded):
        return UNKNOWN
    found = _order(folded, capitals, comma)
    if found is not None:
        return found
    ranks = surname_rank()
    surname, given = (folded[0], folded[1:]) if comma else (folded[-1], folded[:-1])
    if surname in ranks:
        return _pinyin(surname, ())  # David Zhang: an English first name is not held against 张伟
    if folded[0] in ranks and ranks[folded[0]] < _USUAL and not comma:
        return UNKNOWN
    given = [word for word in given if len(word) > 1]
    if len(surname) < 2 or not given or not all(word.isalpha() for word in (surname, *given)):
        return UNKNOWN
    return PersonName(surname, tuple(given[:2]), "", "", "latin")
