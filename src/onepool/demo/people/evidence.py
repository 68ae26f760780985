"""What the oracle sees: accounts grouped by certain ids, what is said of each group, and the pairs worth comparing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from onepool.demo.people.arrays import I64, Bools, Texts, spans
from onepool.demo.people.names import Names, tables
from onepool.demo.people.noise import TITLES
from onepool.demo.people.population import DAY, NEVER
from onepool.demo.people.profiles import BORROWED, MASKED, STAFF, TYPED, TYPO, VERIFIED
from onepool.demo.people.world import KEYS

PLAIN = (VERIFIED, TYPED, TYPO, BORROWED, STAFF)
MOST = 30
"""A value that more groups share than this is nobody's own and makes no pairs."""

SLOTS = 3
"""How many different values of one attribute a group keeps for comparing."""

QUIET = 90 * DAY

_EMAIL = KEYS.index("email")


@dataclass(slots=True)
class Evidence:
    """Accounts and uses of phones, as ``generate`` wrote them. All arrays by account but those of the uses.

    Codes are -1 where a record does not say. ``full``: the sounds of the whole name; ``surname``: its sound; ``given``:
    shape (n, 2); ``text``: the name as typed. ``masked``: prefix and last four digits of a masked phone.
    """

    person: I64
    opened: I64
    in_flat: Bools
    """Whether the account's opening record stands in the flat table."""
    shown: I64
    usable: Bools
    text: I64
    full: I64
    surname: I64
    given: I64
    name: I64
    """One code for each different reading of a name, -1 for none; ``readings`` has their rows."""
    readings: I64
    """Shape (codes, 5): text, full, surname, given, given."""
    gender: I64
    birthday: I64
    city: I64
    home: I64
    masked: I64
    use_account: I64
    use_number: I64
    use_time: I64
    use_verified: Bools
    nodes: pa.Table


def read_evidence(truth: Path) -> Evidence:
    """Reads what was left in ``truth/evidence``."""
    folder = truth / "evidence"
    accounts = _read(folder, "accounts-*.parquet")
    uses = _read(folder, "uses-*.parquet")
    nodes = pq.ParquetFile(folder / "nodes.parquet").read()

    def column(table: pa.Table, name: str) -> I64:
        found: I64 = table.column(name).to_numpy().astype(np.int64)
        return found

    mode, phones = column(accounts, "mode"), accounts.column("phone").to_numpy(zero_copy_only=False)
    masked = np.full(mode.size, -1, np.int64)
    for row in np.flatnonzero(mode == MASKED).tolist():
        masked[row] = int(phones[row][:3]) * 10_000 + int(phones[row][-4:])
    text, full, surname, given, titled = _names(tables(), accounts.column("name").to_numpy(zero_copy_only=False))
    readings, name = np.unique(np.column_stack([text, full, surname, given]), axis=0, return_inverse=True)
    name = np.where((full >= 0) | (surname >= 0), name.reshape(-1), -1)
    shown = column(accounts, "shown")
    gender = _coded(accounts, "gender", {"男": 1, "女": 0})
    use_mode = column(uses, "mode")
    return Evidence(
        person=column(accounts, "person"),
        opened=column(accounts, "opened"),
        in_flat=(name >= 0) | np.array([one is not None for one in phones], np.bool_) | (shown >> _EMAIL & 1 == 1),
        shown=shown,
        usable=(column(accounts, "withdrawn") == NEVER) & (column(accounts, "seen") < NEVER),
        text=text,
        full=full,
        surname=surname,
        given=given,
        name=name,
        readings=readings,
        gender=np.where(gender >= 0, gender, titled),
        birthday=_dictionary(accounts, "birthday"),
        city=column(accounts, "city"),
        home=column(accounts, "home"),
        masked=masked,
        use_account=column(uses, "account"),
        use_number=column(uses, "number"),
        use_time=column(uses, "second"),
        use_verified=use_mode == VERIFIED,
        nodes=nodes,
    )


def flat_evidence(evidence: Evidence) -> Evidence:
    """What the flat table alone tells: opening records, joined by nothing but their e-mail address."""
    at_opening = evidence.use_time == evidence.opened[evidence.use_account]
    return replace(
        evidence,
        shown=evidence.shown & (1 << _EMAIL),
        usable=evidence.in_flat,
        use_account=evidence.use_account[at_opening],
        use_number=evidence.use_number[at_opening],
        use_time=evidence.use_time[at_opening],
        use_verified=evidence.use_verified[at_opening],
    )


def _read(folder: Path, pattern: str) -> pa.Table:
    # Not read_table: that loads pandas.
    return pa.concat_tables([pq.ParquetFile(path).read() for path in sorted(folder.glob(pattern))]).combine_chunks()


def _dictionary(table: pa.Table, name: str) -> I64:
    """Texts as codes, -1 for none."""
    coded = table.column(name).combine_chunks().dictionary_encode()
    array = coded if isinstance(coded, pa.DictionaryArray) else coded.combine_chunks()
    found: I64 = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _coded(table: pa.Table, name: str, values: dict[str, int]) -> I64:
    return np.array([values.get(text, -1) for text in table.column(name).to_pylist()], np.int64)


def _names(names: Names, written: Texts) -> tuple[I64, I64, I64, I64, I64]:
    """Codes of the names as typed: text, all sounds, surname, given, and the sex that a title tells."""
    syllables = {sound: place + 1 for place, sound in enumerate(sorted(set(names.sound_texts.tolist())))}
    codes: dict[str, tuple[int, int, int, int, int, int]] = {}
    fulls: dict[tuple[int, ...], int] = {}
    none = (-1, -1, -1, -1, -1, -1)
    double = {name for name in names.surnames if len(name) > 1}
    simple = names.simplified()
    found = np.full((written.size, 6), -1, np.int64)
    for row, text in enumerate(written.tolist()):
        if text is None:
            continue
        if text not in codes:
            codes[text] = _parsed(names, text, syllables, fulls, double, simple, len(codes)) or none
        found[row] = codes[text]
    return found[:, 0], found[:, 1], found[:, 2], found[:, 3:5], found[:, 5]


def _parsed(
    names: Names,
    text: str,
    syllables: dict[str, int],
    fulls: dict[tuple[int, ...], int],
    double: set[str],
    simple: dict[int, int],
    number: int,
) -> tuple[int, int, int, int, int, int] | None:
    """A name as typed: a perfect reader's codes."""
    sex = -1
    for title, code in zip(TITLES, (1, 0, 0), strict=True):
        if text.endswith(title):
            text, sex = text.removesuffix(title), code
    star = "*" in text
    text = text.rstrip("*")
    if text.isascii():
        words = text.lower().split()
        first, *rest = (_syllables(word, syllables) for word in words)
        given = [one for word in rest for one in word]
        surname, full = -1, tuple(sorted([*first, *given]))
        # Which of the two words is the surname is not told.
        return (number, fulls.setdefault(full, len(fulls)), surname, -1, -1, sex)
    points = np.array([simple.get(ord(c), ord(c)) for c in text], np.uint32)
    places = names.sound(points)
    sounds = [syllables[names.sound_texts[place]] if place >= 0 else -2 for place in places.tolist()]
    cut = 2 if "".join(chr(int(p)) for p in points[:2]) in double else 1
    surname = sum((sound + 3) * 1000**place for place, sound in enumerate(sounds[:cut]))
    given = [*sounds[cut : cut + 2], -1, -1][:2]
    if star or not sounds[cut:]:
        return (-1, -1, surname, -1, -1, sex)
    return (number, fulls.setdefault(tuple(sorted(sounds)), len(fulls)), surname, given[0], given[1], sex)


def _syllables(word: str, syllables: dict[str, int]) -> list[int]:
    """A word in pinyin cut into syllables: the longest first, going back where nothing fits."""
    if not word:
        return []
    for length in range(min(6, len(word)), 0, -1):
        code = syllables.get(word[:length])
        if code is not None:
            rest = _syllables(word[length:], syllables)
            if rest or length == len(word):
                return [code, *rest]
    return []


def certain_groups(evidence: Evidence) -> I64:
    """The group of each account: joined by the ids of KEYS, which never lie in this data."""
    size = evidence.person.size
    left, right = [], []
    for bit in range(len(KEYS)):
        rows = np.flatnonzero((evidence.shown >> bit & 1 == 1) & evidence.usable)
        rows = rows[np.argsort(evidence.person[rows], kind="stable")]
        same = evidence.person[rows[1:]] == evidence.person[rows[:-1]]
        left.append(rows[:-1][same])
        right.append(rows[1:][same])
    return joined(size, np.concatenate(left), np.concatenate(right))


def joined(size: int, left: I64, right: I64) -> I64:
    """Connected components as codes."""
    graph = coo_array((np.ones(left.size, np.int8), (left, right)), shape=(size, size))
    found: I64 = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def slots_of(group: I64, groups: int, value: I64, usable: Bools) -> I64:
    """Up to SLOTS different values of each group, -1 where there are fewer. Shape (groups, SLOTS)."""
    rows = np.flatnonzero((value >= 0) & usable)
    of, what = distinct(group[rows], value[rows])
    number = spans(np.bincount(of, minlength=groups).astype(np.int64))[1]
    found = np.full((groups, SLOTS), -1, np.int64)
    kept = number < SLOTS
    found[of[kept], number[kept]] = what[kept]
    return found


def distinct(first: I64, second: I64) -> tuple[I64, I64]:
    """The different pairs of two columns (second >= 0), in order."""
    most = int(second.max(initial=0)) + 1
    if int(first.max(initial=0)) < (1 << 62) // most:
        keys = np.sort(first * most + second)
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if keys.size else keys
        return keys // most, keys % most
    values, place = np.unique(second, return_inverse=True)
    keys = np.unique(first * values.size + place.reshape(-1))
    return keys // values.size, values[keys % values.size]


def pairs_sharing(group: I64, *keys: I64) -> tuple[I64, I64]:
    """Pairs (a < b) of different groups that have equal keys, for values that at most MOST groups share."""
    if group.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    key = np.zeros(group.size, np.int64)
    for one in keys:
        codes = np.unique(one, return_inverse=True)[1].reshape(-1)
        key = np.unique(key * (int(codes.max()) + 1) + codes, return_inverse=True)[1].reshape(-1)
    value, members_of = distinct(key, group)
    start = np.concatenate([[0], np.flatnonzero(np.diff(value)) + 1])
    count = np.diff(np.concatenate([start, [value.size]]))
    left, right = [], []
    for size in range(2, MOST + 1):
        blocks = start[count == size]
        if blocks.size:
            members = members_of[blocks[:, None] + np.arange(size)[None, :]]
            a, b = np.triu_indices(size, 1)
            left.append(members[:, a].ravel())
            right.append(members[:, b].ravel())
    if not left:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(left), np.concatenate(right)
