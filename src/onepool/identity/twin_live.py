"""The twin that lives: the customers of `twin.solve`, kept while links, decisions and consents come and go.

A new link between two sets, neither of which has a link that was refused, joins them if that breaks no limit: counts,
names and bans only grow under union, so every link would be taken in every order, and the outcome is that of a solve
from scratch. (A link in doubt may be taken for a name that agrees only later: so sets that shared contacts in doubt
hold together are solved anew as well.) Any other change solves the links within its reach anew. Tenures and void values
follow from an identifier's own links alone. Weak identifiers join nobody, so they are placed when someone asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from onepool.identity.twin import Group, Join, claims_of, join, order_of, place, unite
from onepool.identity.twin_answers import TwinAnswers
from onepool.identity.twin_facts import (
    BY_RULE,
    Consent,
    Decision,
    Edge,
    Key,
    Limits,
    Node,
    consent_of,
    fault,
    in_force,
)
from onepool.identity.twin_store import ALONE, Identifier, Link, attach, detach

_MERGE = -1
"""Kind of a link that stands for a human merge; its id is that of the decision."""
_GONE = "gone"


class LiveTwin(TwinAnswers):
    """Customers kept up to date, for one thread. Objects handed in are kept, and links change as they are seen again.

    Identifiers must be there before links, decisions and consents name them.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._decisions: list[Decision] = []
        self._rulings = in_force(())
        self._barred: dict[Key, set[Key]] = {}
        self._idle: set[int] = set()
        self._events: dict[int, list[tuple[int, bool]]] = {}
        self._consent: dict[int, Consent] = {}
        # Of the batch at hand: identifiers to place anew, links to look at again, nodes whose links to solve again.
        self._dirty: dict[int, Identifier] = {}
        self._changed: dict[Link, None] = {}
        self._seeds: set[Key] = set()

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """New identifiers; those that are known are passed over."""
        for node in nodes:
            if node.id not in self._identifiers:
                one = self._identifiers[node.id] = Identifier(node, self.limits)
                self._nodes[node.id] = node
                if node.blocked or self.limits.types[node.type].strength == "never":
                    self._idle.add(node.id)
                if one.is_strong:
                    self._groups[one.key] = Group(one.key, node, ALONE, self.limits, ())

    def add_links(self, edges: Iterable[Edge]) -> None:
        """Take a batch of evidence: new links, or known ones seen again, whose time then widens."""
        links, identifiers, groups = self._links, self._identifiers, self._groups
        dirty, changed, limits = self._dirty, self._changed, self.limits
        doubted = limits.contacts != "trust"
        restricted = bool(self._idle or self._consent or self._rulings.cut)
        for edge in edges:
            number, first, last = edge.id, edge.first, edge.last
            link = links.get(number)
            if link is not None:
                if first < link.edge.first or last > link.edge.last or edge.trust > link.edge.trust:
                    self._widen(link, edge)
                continue
            a, b = identifiers[edge.a], identifiers[edge.b]
            links[number] = link = Link(edge, a, b, "")
            if restricted or edge.basis != "free":
                link.fault = self._fault(link)
            if edge.kind != BY_RULE:
                a.named.append(link)
                b.named.append(link)
                changed[link] = None
                continue
            attach(link)
            if not a.is_strong or not b.is_strong:
                continue
            busy = dirty and (edge.a in dirty or edge.b in dirty)
            if link.fault:
                calm = a.degree <= limits.most_links and b.degree <= limits.most_links
            else:
                calm = a.absorbs(first, last, limits.most_links) and b.absorbs(first, last, limits.most_links)
            if busy or not calm:
                dirty[edge.a], dirty[edge.b] = a, b
                changed[link] = None
            elif not link.fault:
                left, right = groups[a.key], groups[b.key]
                if (
                    left.unsettled
                    or right.unsettled
                    or (doubted and self._doubtful(link))
                    or (left is not right and left.against(right, limits))
                ):
                    changed[link] = None
                else:
                    link.at, link.refused = (a.key, b.key), ""
                    if left is not right:
                        unite(groups, left, right)
        self._settle()

    def put(self, edge: Edge) -> None:
        """Make a link what it is said to be, whatever it was."""
        self.retract([edge.id])
        self.add_links([edge])

    def retract(self, numbers: Iterable[int]) -> None:
        """Take links back, as if they had never been; unknown ones are passed over."""
        for number in numbers:
            link = self._links.pop(number, None)
            if link is not None:
                self._drop(link)
        self._settle()

    def decide(self, decision: Decision) -> None:
        """Take a person's ruling, or the undoing of one."""
        self._decisions.append(decision)
        was, self._rulings = self._rulings, in_force(self._decisions)
        now = self._rulings
        for number in was.blocked ^ now.blocked:
            node = self._nodes[number]
            idle = number in now.blocked or node.blocked or self.limits.types[node.type].strength == "never"
            (self._idle.add if idle else self._idle.discard)(number)
            self._refault(self._identifiers[number].links())
        for a, _ in was.cut ^ now.cut:
            self._refault(self._identifiers[a].links())
        for number in was.merges.keys() - now.merges.keys():
            self._drop(self._merges.pop(number))
        for number in now.merges.keys() - was.merges.keys():
            (a, k), (b, m) = now.merges[number]
            edge = Edge(number, a, b, number, number, _MERGE, tenure_a=k, tenure_b=m)
            link = self._merges[number] = Link(edge, self._identifiers[a], self._identifiers[b], "")
            link.fault = self._fault(link)
            link.a.named.append(link)
            link.b.named.append(link)
            self._changed[link] = None
        for ends in was.never ^ now.never:
            self._seeds.update(ends)
            for one, other in (ends, ends[::-1]):
                bans = self._barred.setdefault(one, set())
                (bans.add if ends in now.never else bans.discard)(other)
        self._settle()

    def consent(self, number: int, time: int, granted: bool) -> None:
        """Take an identifier's owner's word on joining."""
        events = self._events.setdefault(number, [])
        events.append((time, granted))
        state = consent_of(events)
        if state != self._consent.get(number):
            self._consent[number] = state
            self._refault(self._identifiers[number].links())
        self._settle()

    def name(self, number: int, witness: int) -> None:
        """Give an identifier a name code."""
        one = self._identifiers[number]
        one.node.witness = witness
        self._seeds.add(one.key)
        self._dirty.update((other, self._identifiers[other]) for other in one.strong)
        self._settle()

    def seen(self, number: int, time: int) -> None:
        """Note the latest event of an identifier."""
        one = self._identifiers[number]
        if time > one.node.last_seen:
            one.node.last_seen = time
            if not one.is_strong:
                one.placement = None

    def _fault(self, link: Link) -> str:
        edge = link.edge
        return fault(edge.a, edge.b, edge.basis, self._idle, self._consent, self._rulings)

    def _widen(self, link: Link, again: Edge) -> None:
        edge, first, last = link.edge, again.first, again.last
        earlier = first < edge.first
        edge.first, edge.last = min(first, edge.first), max(last, edge.last)
        if again.trust > edge.trust:
            edge.trust = again.trust
            self._changed[link] = None
            self._dirty.update((one.node.id, one) for one in (link.a, link.b) if one.is_strong)
        if link.fault:
            return
        if link.at is not None and earlier and any(self._groups[key].unsettled for key in link.at):
            self._changed[link] = None
        if edge.kind != BY_RULE:
            return
        both = link.a.is_strong and link.b.is_strong
        for one in (link.a, link.b):
            if not one.is_strong:
                one.placement = None
            elif both and one.silence is not None:
                # Time that grows can only close gaps: who never changed hands does not do so now.
                if one.whole and one.placement is ALONE:
                    one.start, one.end = min(first, one.start), max(last, one.end)
                else:
                    self._dirty[one.node.id] = one

    def _drop(self, link: Link) -> None:
        detach(link)
        link.fault = _GONE
        self._recheck(link)

    def _refault(self, links: Iterable[Link]) -> None:
        for link in links:
            why = self._fault(link)
            if why != link.fault:
                link.fault = why
                self._recheck(link)

    def _recheck(self, link: Link) -> None:
        """Have a link looked at again that may or may not be used any more."""
        self._changed[link] = None
        for one in (link.a, link.b):
            if not one.is_strong:
                one.placement = None
            elif link.edge.kind == BY_RULE:
                self._dirty[one.node.id] = one

    def _settle(self) -> None:
        """Bring customers up to date with what changed."""
        dirty, changed, seeds = self._dirty, self._changed, self._seeds
        touched = dict(changed)
        for one in dirty.values():
            if self._relocate(one):
                touched.update((link, None) for link in one.links())
        fresh = []
        for link in touched:
            at = self._at(link)
            if at != link.at:
                seeds.update(link.at or ())
                link.at, link.refused = at, None
                if at is not None:
                    fresh.append(link)
            elif at is not None and link in changed:
                seeds.update(at)
        self._solve(seeds)
        for link in fresh:
            if link.refused is None and link.at is not None:
                left, right = self._groups[link.at[0]], self._groups[link.at[1]]
                settled = not left.unsettled and not right.unsettled and not self._doubtful(link)
                if not settled or link.edge.kind == _MERGE or left.against(right, self.limits):
                    self._solve(link.at)
                else:
                    link.refused = ""
                    if left is not right:
                        unite(self._groups, left, right)
        dirty.clear()
        changed.clear()
        seeds.clear()

    def _relocate(self, one: Identifier) -> bool:
        """Place an identifier anew; whether its links may be between other nodes now."""
        was = one.placement or ALONE
        spans = one.spans(self._in_doubt)
        now = place(one.node, spans, one.degree, self._nodes, self.limits)
        if one.silence is not None:
            one.start, one.end, one.whole = 0, -1, True
            for first, last, _ in sorted(spans.values()):
                if one.end < one.start:
                    one.start, one.end = first, last
                one.whole = one.whole and first - one.end <= one.silence
                one.end = max(last, one.end)
        single, count, number = len(was.valid_from) == 1, len(now.valid_from), one.node.id
        one.placement = ALONE if count == 1 and not now.void[0] else now
        for k in range(count, len(was.valid_from)):
            del self._groups[number, k]
        for k in range(len(was.valid_from), count):
            self._groups[number, k] = self._alone((number, k))
        if single != (count == 1):
            self._seeds.add(one.key)
        return was.valid_from != now.valid_from or was.void != now.void or (count > 1 and was.where != now.where)

    def _alone(self, key: Key) -> Group:
        one = self._identifiers[key[0]]
        return Group(key, one.node, one.placement or ALONE, self.limits, self._barred.get(key, ()))

    def _at(self, link: Link) -> tuple[Key, Key] | None:
        """The nodes that a link may join."""
        if link.fault or not link.a.is_strong or not link.b.is_strong:
            return None
        ends = self._ends(link)
        return None if ends is None or self._void(ends[0]) or self._void(ends[1]) else ends

    def _solve(self, seeds: Iterable[Key]) -> None:
        """Join anew all that hangs together with the given nodes."""
        seen: set[Key] = set()
        for seed in seeds:
            if seed in seen or seed not in self._groups:
                continue
            seen.add(seed)
            reached, links = [seed], []
            for key in reached:
                self._groups[key] = self._alone(key)
                one = self._identifiers[key[0]]
                for some in (*one.strong.values(), one.named):
                    for link in some:
                        if link.at is not None and key in link.at:
                            other = link.at[link.at[0] == key]
                            if link.at[0] == key:
                                doubt = self._in_doubt(link.edge)
                                links.append(Join(self._order(link), *link.at, link.edge.id, doubt))
                            if other not in seen:
                                seen.add(other)
                                reached.append(other)
            claims = claims_of(links, self._nodes, self.limits)
            for one_join in sorted(links):
                found = (self._merges if one_join.human else self._links)[one_join.id]
                found.refused = join(self._groups, one_join, claims, self.limits)
            for one_join in links:
                if one_join.doubt and self._shared(self._links[one_join.id]):
                    self._groups[one_join.a].unsettled += 1

    def _doubtful(self, link: Link) -> bool:
        """Whether by a link a contact joins several while one of its links is in doubt: then the order matters."""
        if self._in_doubt(link.edge):
            return self._shared(link)
        return any(
            self._in_doubt(other.edge)
            for one in (link.a, link.b)
            if self.limits.types[one.node.type].contact
            for some in one.strong.values()
            for other in some
        )

    def _shared(self, link: Link) -> bool:
        """Whether a contact at an end of a link has further links to strong identifiers."""
        return any(
            self.limits.types[one.node.type].contact and (one.degree > 1 or one.named) for one in (link.a, link.b)
        )

    def _order(self, link: Link) -> tuple[int, ...]:
        return (0, link.edge.id) if link.edge.kind == _MERGE else order_of(link.edge, self._nodes, self.limits)
