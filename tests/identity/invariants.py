"""What must hold of customers in every state that a reader can see."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from tests.identity.facts import Facts, sets_of, strong
from tests.identity.tally import Tally

from onepool.identity.twin import Solution
from onepool.identity.twin_facts import BY_RULE, Key, Rulings, consent_of, in_force
from onepool.identity.witness import incompatible_plain


def check(facts: Facts, solution: Solution, tally: Tally) -> None:
    """All of them."""
    rulings, sets = in_force(facts.decisions), sets_of(solution)
    limits_hold(facts, solution, rulings, sets, tally)
    evidence_is_live(facts, solution, rulings, tally)
    everyone_is_reached(facts, solution, rulings, sets, tally)
    customers_are_named_by_their_eldest(facts, sets)


def limits_hold(facts: Facts, solution: Solution, rulings: Rulings, sets: dict[Key, set[Key]], tally: Tally) -> None:
    """P5, P6, P18: no customer is over a limit (two values of a kind that is unique, for one) but where a person
    merged; and no two that were ruled apart are together."""
    overruled = {
        solution.customer[rulings.merges[number][0]]
        for number, verdict in solution.merges.items()
        if verdict.status == "joined"
    }
    refused = {verdict.reason.split(":")[0] for verdict in solution.links.values() if verdict.status == "conflict"}
    tally.saw("P5", refused & {"size", "limit"})
    tally.saw("P6", rulings.never)
    unique = {one.slot for one in facts.nodes if facts.limits.types[one.type].max_per_customer == 1}
    tally.saw(
        "P18", any(count > 1 for count in Counter(one.slot for one in facts.nodes if one.slot in unique).values())
    )
    for customer, members in sets.items():
        joining = [key for key in members if strong(facts, key)]
        for key in joining:
            assert not any(ends in rulings.never for other in joining for ends in ((key, other), (other, key)))
        if customer in overruled:
            continue
        assert len(joining) <= facts.limits.max_identifiers
        for (kind, _), count in Counter(facts.nodes[number].slot for number, _ in joining).items():
            most = facts.limits.types[kind].max_per_customer
            assert most is None or count <= most
        if facts.limits.names:
            named = [facts.nodes[v].witness for v, _ in joining if len(solution.valid_from[v]) == 1]
            assert not any(incompatible_plain(x, y) for x, y in combinations(named, 2))


def evidence_is_live(facts: Facts, solution: Solution, rulings: Rulings, tally: Tally) -> None:
    """P7, P11: no link in use has an end that is blocked, of a kind that never joins, void or withdrawn, or lacks its
    consent; and none is refused for nothing."""
    consent = {number: consent_of(events) for number, events in facts.consents.items()}
    tally.saw("P7", solution.void or rulings.blocked or any(one.blocked for one in facts.nodes))
    tally.saw("P11", consent and any(edge.basis == "consent" for edge in facts.edges.values()))
    for number, verdict in solution.links.items():
        edge = facts.edges[number]
        ends = (edge.a, edge.b)
        used = verdict.status in ("joined", "follows", "conflict")
        closed = any(
            facts.nodes[v].blocked
            or v in rulings.blocked
            or facts.limits.types[facts.nodes[v].type].strength == "never"
            for v in ends
        )
        withdrawn = any(consent.get(v) == "withdrawn" for v in ends)
        granted = edge.basis == "free" or (edge.basis == "consent" and any(consent.get(v) == "granted" for v in ends))
        cut = ends in rulings.cut
        assert not (used and (closed or withdrawn or not granted or cut)), (edge, verdict)
        assert bool(verdict.reason) == (verdict.status == "conflict")
        if verdict.status == "conflict":
            assert verdict.reason.split(":")[0] in ("never", "size", "limit", "name", "unproved")
    for key in solution.void:
        assert solution.customer[key] == key
        assert [other for other, customer in solution.customer.items() if customer == key] == [key]


def paths(facts: Facts, solution: Solution, rulings: Rulings) -> dict[Key, set[Key]]:
    """Neighbours of each node by links and merges that are in use, found from the verdicts alone."""
    near: dict[Key, set[Key]] = {key: set() for key in solution.customer}
    for number, verdict in solution.links.items():
        if verdict.status not in ("joined", "follows"):
            continue
        edge = facts.edges[number]
        for a in range(len(solution.valid_from[edge.a])):
            for b in range(len(solution.valid_from[edge.b])):
                left, right = (edge.a, a), (edge.b, b)
                named = edge.kind == BY_RULE or (edge.tenure_a, edge.tenure_b) == (a, b)
                if named and solution.customer[left] == solution.customer[right]:
                    near[left].add(right)
                    near[right].add(left)
    for number, verdict in solution.merges.items():
        if verdict.status == "joined":
            left, right = rulings.merges[number]
            assert solution.customer[left] == solution.customer[right]
            near[left].add(right)
            near[right].add(left)
    return near


def everyone_is_reached(
    facts: Facts, solution: Solution, rulings: Rulings, sets: dict[Key, set[Key]], tally: Tally
) -> None:
    """P10: any two nodes of a customer are connected by evidence in use."""
    near = paths(facts, solution, rulings)
    tally.saw("P10", len(sets) < len(solution.customer))
    for members in sets.values():
        reached, left = set(), [next(iter(members))]
        while left:
            key = left.pop()
            if key not in reached:
                reached.add(key)
                left += near[key]
        assert reached == members


def customers_are_named_by_their_eldest(facts: Facts, sets: dict[Key, set[Key]]) -> None:
    """P8: a customer is named by a node of its own, the eldest strong one: so a name never passes to other people."""
    for customer, members in sets.items():
        assert customer in members
        joining = [key for key in members if strong(facts, key)]
        eldest = min(joining or members, key=lambda key: (key[1], key[0]))
        assert customer == eldest
        assert joining or len(members) == 1
