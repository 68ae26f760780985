"""What the definition of a customer says in cases worth telling; what it promises in all cases is in test_promises."""

from __future__ import annotations

from tests.identity.facts import Facts, sets_of

from onepool.identity.twin_facts import DAY, Edge, Limits, Node, TypeLimits


def test_the_same_value_in_two_scopes_is_two_identifiers() -> None:
    """P14."""
    facts = Facts(
        Limits({"openid": TypeLimits()}),
        [Node(0, "openid", "app one", "o1"), Node(1, "openid", "app two", "o1"), Node(2, "openid", "app one", "o2")],
    )
    facts.add([Edge(0, 1, 2, 0, 0)])
    assert facts.solve().customer == {(0, 0): (0, 0), (1, 0): (1, 0), (2, 0): (1, 0)}


def test_a_higher_limit_can_split() -> None:
    """P17: so nobody may promise that customers only grow when a limit is raised."""
    nodes = [Node(0, "card", "", "a1"), Node(1, "card", "", "a2"), Node(2, "card", "", "b"), Node(3, "card", "", "c")]
    edges = [Edge(0, 0, 1, 0, 0), Edge(1, 1, 2, DAY, DAY), Edge(2, 2, 3, 2 * DAY, 2 * DAY)]
    facts = Facts(Limits({"card": TypeLimits(max_per_customer=2)}), nodes)
    facts.add(edges)
    together = {customer: len(some) for customer, some in sets_of(facts.solve()).items()}
    assert together == {(0, 0): 2, (2, 0): 2}
    raised = facts.solve(Limits({"card": TypeLimits(max_per_customer=3)}))
    assert {customer: len(some) for customer, some in sets_of(raised).items()} == {(0, 0): 3, (3, 0): 1}
