"""What arrives as a digest is of the person whose plain value has it, where plain values tell their digests."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.test_resolve import DAY, Identifier, Row, partition, run

from onepool.errors import WorkspaceError
from onepool.identity import Registry, Resolver, TypeRule
from onepool.standards import load_standard
from onepool.standards.options import Options
from onepool.standards.persons import PersonReader, Persons
from onepool.standards.settings import StandardSettings
from onepool.state import State
from onepool.workspace import init_workspace

STANDARD = load_standard()
SETTINGS = StandardSettings(digest_key=b"a key of at least 16 bytes")
PEOPLE = 4
DIGESTS = ("phone_md5", "phone_sha256", "email_md5", "email_sha256", "phone_sha256_salted", "idfa_md5")
TOLD = StandardSettings(digest_key=b"a key of at least 16 bytes", digests=DIGESTS, digest_salt=b"shared")
CONTACT = TypeRule("strong", 90, max_per_customer=5, recycle_days=90, account=False)
DIGESTED = Registry(
    {
        **dict.fromkeys(["phone", "email", *DIGESTS[:5]], CONTACT),
        "member_no": TypeRule("strong", 70, max_per_customer=2, max_customers=3),
    }
)


def sent(kind: str, text: str, settings: StandardSettings = TOLD) -> list[Identifier]:
    """The identifiers that OnePool makes of one that was sent, those that it tells beside it among them."""
    persons = Persons()
    assert PersonReader(STANDARD, settings, Options()).identify(persons, 0, kind, "", text, {}, "shop") is None
    assert not persons.faults
    return [one[1:] for one in persons.ids]


def in_digits(kind: str, person: int) -> list[tuple[str, str]]:
    """A person's phone or address as it may be sent, (type, text): plain first, then digested in every way."""
    if kind == "member_no":
        return [(kind, f"m{person}")]
    plain = f"1381234000{person}" if kind == "phone" else f"anna{person}@example.org"
    md5, sha256 = hashlib.md5(plain.encode()).hexdigest(), hashlib.sha256(plain.encode()).hexdigest()
    salted = [("phone_sha256_salted", hashlib.sha256(f"shared{plain}".encode()).hexdigest())] * (kind == "phone")
    digests = [(f"{kind}_md5", md5), (f"{kind}_sha256", sha256.upper()), (kind, md5.upper()), (kind, sha256)]
    return [(kind, plain), *digests, *salted]


@settings(max_examples=30, deadline=None)
@given(
    history=st.lists(
        st.tuples(
            st.integers(0, 400),
            st.lists(
                st.tuples(st.sampled_from(["phone", "email", "member_no"]), st.integers(0, PEOPLE - 1)),
                min_size=1,
                max_size=3,
                unique=True,
            ),
            st.integers(0, 2**16),
        ),
        max_size=16,
    ),
    cuts=st.lists(st.integers(0, 16), max_size=3),
    turned=st.randoms(use_true_random=False),
)
def test_accounts_are_joined_alike_by_plain_values_and_by_digests_told_beside_them(
    history: list[tuple[int, list[tuple[str, int]], int]], cuts: list[int], turned: Random
) -> None:
    """P19, for digests in one way each: two ways know of each other by the plain value only."""
    plain: list[Row] = []
    mixed: list[Row] = []
    way = {kind: turned.choice(range(1, len(in_digits(kind, 0)))) for kind in ("phone", "email")} | {"member_no": 0}
    for day, names, choice in history:
        texts = [in_digits(kind, person) for kind, person in names]
        plain.append((day * DAY, [one for text in texts for one in sent(*text[0], SETTINGS)], ""))
        chosen = [
            text[way[kind] if choice >> place & 1 else 0]
            for place, ((kind, _), text) in enumerate(zip(names, texts, strict=True))
        ]
        mixed.append((day * DAY, list(dict.fromkeys(one for text in chosen for one in sent(*text))), ""))
    shuffled = turned.sample(mixed, len(mixed))
    wanted = accounts(customers(plain, [], DIGESTED))
    assert accounts(customers(mixed, cuts, DIGESTED)) == wanted
    assert accounts(customers(shuffled, cuts, DIGESTED)) == wanted


def customers(history: list[Row], cuts: list[int], registry: Registry) -> set[frozenset[tuple[Identifier, int]]]:
    with TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")
        try:
            resolver = Resolver(state, registry)
            edges = [0, *sorted(min(cut, len(history)) for cut in cuts), len(history)]
            for start, end in pairwise(edges):
                if history[start:end]:
                    run(resolver, state, history[start:end])
            return partition(resolver)
        finally:
            state.close()


def accounts(found: set[frozenset[tuple[Identifier, int]]]) -> set[frozenset[str]]:
    """The member numbers of each customer that has some."""
    return {frozenset(one[2] for one, _ in group if one[0] == "member_no") for group in found} - {frozenset()}


def test_a_phone_and_its_digest_are_one_customer_whichever_comes_first() -> None:
    text = in_digits("phone", 1)
    for hashed in text[1:]:
        rows: list[Row] = [
            (0, [*sent(*text[0]), ("member_no", "shop", "a")], ""),
            (DAY, [*sent(*hashed), ("member_no", "shop", "b")], ""),
        ]
        for history in (rows, rows[::-1]):
            assert accounts(customers(history, [1], DIGESTED)) == {frozenset("ab")}


def test_what_makes_a_phone_void_makes_its_digest_void() -> None:
    """Five members, of whom at most two are one person, are more persons than a phone may have."""
    contact = TypeRule("strong", 90, max_customers=2, account=False)
    member = TypeRule("strong", 70, max_per_customer=2, max_customers=3)
    limited = Registry({"phone": contact, "phone_md5": contact, "member_no": member})
    plain, md5 = in_digits("phone", 1)[:2]

    def rows(names: str) -> list[Row]:
        told: list[Row] = [(at, [*sent(*plain), ("member_no", "shop", name)], "") for at, name in enumerate(names)]
        return [*told, (9, [*sent(*md5), ("member_no", "shop", "z")], "")]

    for history in (rows("abcde"), rows("abcde")[::-1]):
        assert accounts(customers(history, [2], limited)) == {frozenset(name) for name in "abcdez"}
    assert accounts(customers(rows("a"), [1], limited)) == {frozenset("az")}


def test_a_digest_is_read_in_any_case_and_nothing_else_is_one() -> None:
    digest = hashlib.md5(b"13812340001").hexdigest()
    assert sent("phone_md5", digest.upper(), SETTINGS) == [("phone_md5", "", digest)]
    assert sent("phone", digest, SETTINGS) == [("phone_md5", "", digest)]
    assert ("idfa_md5", "", hashlib.md5(b"6D92078A-8246-4BA4-AE5B-76104861E7DC").hexdigest()) in sent(
        "idfa", "6d92078a-8246-4ba4-ae5b-76104861e7dc"
    )
    for kind, text in (("phone_md5", digest[:-1]), ("phone_sha256", digest), ("phone_md5", "13812340001")):
        persons = Persons()
        PersonReader(STANDARD, SETTINGS, Options()).identify(persons, 0, kind, "", text, {}, "shop")
        assert persons.faults[0][1].rule == "type.digest"
    trait = Persons()
    reader = PersonReader(STANDARD, SETTINGS, Options())
    reader.traits(trait, [0], [{"手机": digest, "name": "Anna"}], {"shop": {}}, ["shop"])
    assert trait.ids == [(0, "phone_md5", "", digest)]
    assert not trait.faults
    assert not any(digest in str(fact) for fact in trait.facts)


def test_a_workspace_names_the_digests_and_where_the_salt_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = "digests: [phone_sha256_salted, phone_md5]\ndigest_salt: env:ONEPOOL_TEST_SALT\n"
    monkeypatch.setenv("ONEPOOL_TEST_SALT", "shared")
    workspace = init_workspace(tmp_path / "told", written)
    try:
        read = workspace.standard_settings
        found = {kind for kind, *_ in sent("phone", "13812340001", read)}
        assert found == {"phone", "phone_md5", "phone_sha256_salted"}
        assert sent("phone", "13812340001", read)[1:] == [
            one for one in sent("phone", "13812340001") if one[0] in ("phone_md5", "phone_sha256_salted")
        ]
    finally:
        workspace.close()
    wrong = init_workspace(tmp_path / "wrong", "digests: [phone_md6]\n")
    try:
        with pytest.raises(WorkspaceError, match="no digest phone_md6"):
            assert wrong.standard_settings
    finally:
        wrong.close()
