"""The plain and the digested form of one identifier behave alike, and so do different spellings of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.test_resolve import DAY, Identifier, Row, partition, run

from onepool.identity import Registry, Resolver, TypeRule
from onepool.standards import load_standard
from onepool.standards.normalise.id_card import check_digit, digest
from onepool.standards.options import Options
from onepool.standards.persons import PersonReader, Persons
from onepool.standards.settings import StandardSettings
from onepool.state import State

STANDARD = load_standard()
SETTINGS = StandardSettings(digest_key=b"a key of at least 16 bytes")
REGISTRY = Registry(
    {
        "id_card": TypeRule("strong", 100, verified=True, max_per_customer=1, max_customers=1, account=False),
        "phone": TypeRule("strong", 90, max_per_customer=5, max_customers=3, recycle_days=90, account=False),
        "email": TypeRule("strong", 50, max_per_customer=5, max_customers=3, account=False),
        "member_no": TypeRule("strong", 70, max_per_customer=2, max_customers=3),
    }
)
PEOPLE = 4


def number(person: int) -> str:
    """A made-up identity card number (GB 11643) of a person born in the last century."""
    first = f"110105194912310{person:02d}"
    return first + check_digit(first)


def forms(kind: str, person: int) -> list[str]:
    """All spellings of a person's identifier, the plain one first."""
    if kind == "id_card":
        plain = number(person)
        hashed = digest(plain, SETTINGS.digest_key)
        spaced = f" {plain[:6]} {plain[6:14]} {plain[14:].lower()} "
        return [plain, hashed, hashed.upper(), spaced, plain[:6] + plain[8:17]]
    if kind == "phone":
        local = f"1381234000{person}"
        return [f"+86{local}", local, f"0086{local}", f"+86 {local[:3]}-{local[3:7]}-{local[7:]}"]
    if kind == "email":
        return [f"anna{person}@example.org", f"ANNA{person}@Example.ORG", f"mailto:anna{person}@example.org"]
    return [f"m{person}"]


def read(kind: str, text: str) -> tuple[str, str, str]:
    """The identifier that OnePool makes of what was sent."""
    persons = Persons()
    reader = PersonReader(STANDARD, SETTINGS, Options())
    assert reader.identify(persons, 0, kind, "", text, {}, "shop") is None
    assert not persons.faults
    ((_, name, scope, value),) = persons.ids
    return name, scope, value


said = st.tuples(st.sampled_from(["id_card", "phone", "email", "member_no"]), st.integers(0, PEOPLE - 1))
events = st.lists(
    st.tuples(st.integers(0, 400), st.lists(said, min_size=1, max_size=3, unique=True), st.integers(0, 2**16)),
    max_size=16,
)


def customers(history: list[Row], cuts: list[int]) -> set[frozenset[tuple[Identifier, int]]]:
    with TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")
        try:
            resolver = Resolver(state, REGISTRY)
            edges = [0, *sorted(min(cut, len(history)) for cut in cuts), len(history)]
            for start, end in pairwise(edges):
                if history[start:end]:
                    run(resolver, state, history[start:end])
            return partition(resolver)
        finally:
            state.close()


@settings(max_examples=30, deadline=None)
@given(sent=events, cuts=st.lists(st.integers(0, 16), max_size=3))
def test_plain_and_digested_forms_of_one_value_resolve_alike(
    sent: list[tuple[int, list[tuple[str, int]], int]], cuts: list[int]
) -> None:
    """P19."""
    plain: list[Row] = []
    mixed: list[Row] = []
    for day, names, choice in sent:
        plain.append((day * DAY, [read(kind, forms(kind, person)[0]) for kind, person in names], ""))
        spelt = [forms(kind, person) for kind, person in names]
        texts = [one[(choice >> (4 * place)) % len(one)] for place, one in enumerate(spelt)]
        mixed.append((day * DAY, [read(kind, text) for (kind, _), text in zip(names, texts, strict=True)], ""))
    assert customers(mixed, cuts) == customers(plain, [])


@given(kind=st.sampled_from(["id_card", "phone", "email"]), one=st.integers(0, 99), other=st.integers(0, 99))
def test_every_form_is_one_identifier_and_other_people_have_others(kind: str, one: int, other: int) -> None:
    one, other = one % PEOPLE, other % PEOPLE
    mine, theirs = ({read(kind, text) for text in forms(kind, person)} for person in (one, other))
    assert len(mine) == 1
    assert (mine == theirs) == (one == other)
