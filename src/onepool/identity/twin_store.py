"""Identifiers with their links, as the twin keeps them to answer quickly which customers change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onepool.identity.twin import Placement
from onepool.identity.twin_facts import BEGINNING, BY_RULE, DAY, Edge, Key, Limits, Node, Span

ALONE = Placement((BEGINNING,), {}, (0,), (False,))


class Link:
    """A link or a human merge of identifiers a and b. `fault`: why it can't be used; `at`: the nodes it is
    between, None while it can't join; `refused`: why it did not join, '' if it did, None while that is not known."""

    __slots__ = ("a", "at", "b", "edge", "fault", "refused")

    def __init__(self, edge: Edge, a: Identifier, b: Identifier, fault: str) -> None:
        self.edge, self.a, self.b, self.fault = edge, a, b, fault
        self.at: tuple[Key, Key] | None = None
        self.refused: str | None = None


class Identifier:
    """An identifier. `strong` and `others`: its links by rules to strong and to other identifiers; `named`: merges and
    links by likelihood; `degree`: how many links `strong` holds; `start`, `end`: the time that its strong neighbours
    cover, while no silence in it could end a tenure (`whole`); `placement`: None while it is to be found anew."""

    __slots__ = ("cap", "degree", "end", "is_strong", "key", "named", "node", "others", "placement", "silence", "start",
                 "strong", "whole")  # fmt: skip

    def __init__(self, node: Node, limits: Limits) -> None:
        rule = limits.types[node.type]
        self.node = node
        self.key: Key = (node.id, 0)
        self.is_strong = rule.strength == "strong"
        self.cap = rule.max_customers
        self.silence = rule.recycle_days * DAY if self.is_strong and rule.recycle_days is not None else None
        self.strong: dict[int, list[Link]] = {}
        self.others: dict[int, list[Link]] = {}
        self.named: list[Link] = []
        self.degree = 0
        self.start, self.end, self.whole = 0, -1, True
        self.placement: Placement | None = ALONE if self.is_strong else None

    def spans(self, doubt: Callable[[Edge], bool]) -> dict[int, Span]:
        """When its usable links with each strong neighbour were seen, and whether all are in doubt."""
        spans = {}
        for other, links in self.strong.items():
            some = [link.edge for link in links if not link.fault]
            if some:
                first, last = min(edge.first for edge in some), max(edge.last for edge in some)
                spans[other] = (first, last, all(doubt(edge) for edge in some))
        return spans

    def links(self) -> Iterator[Link]:
        """All links and merges."""
        for some in (*self.strong.values(), *self.others.values()):
            yield from some
        yield from self.named

    def absorbs(self, first: int, last: int, most_links: int) -> bool:
        """Whether one more link at that time surely leaves it one tenure that is not void. Keeps the time."""
        placement = self.placement
        if placement is not ALONE or self.degree > most_links or (self.cap is not None and len(self.strong) > self.cap):
            return False
        if self.silence is not None:
            if self.end < self.start:
                self.start, self.end = first, last
            elif not self.whole or first - self.end > self.silence or self.start - last > self.silence:
                return False
            else:
                self.start, self.end = min(first, self.start), max(last, self.end)
        return True


def attach(link: Link) -> None:
    """Enter a link by a rule in the lists of both its ends."""
    for one, other in ((link.a, link.b), (link.b, link.a)):
        lists = one.strong if other.is_strong else one.others
        number = other.node.id
        if number in lists:
            lists[number].append(link)
        else:
            lists[number] = [link]
        one.degree += other.is_strong
        if not one.is_strong:
            one.placement = None


def detach(link: Link) -> None:
    """Take a link out of the lists of both its ends."""
    for one, other in ((link.a, link.b), (link.b, link.a)):
        if link.edge.kind != BY_RULE:
            one.named.remove(link)
            continue
        lists = one.strong if other.is_strong else one.others
        lists[other.node.id].remove(link)
        if not lists[other.node.id]:
            del lists[other.node.id]
        one.degree -= other.is_strong
