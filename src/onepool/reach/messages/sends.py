"""The contents of messages that are about to go out: what they need is gathered, links are made, texts are written."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from onepool.pool import Session
from onepool.reach.messages.columns import Wording
from onepool.reach.messages.gather import gather
from onepool.reach.messages.linking import SAMPLE_BASE, Linking, make_links, sample_links
from onepool.reach.messages.model import PREFERENCES, Content, Message
from onepool.reach.messages.parse import leaves, names_of, needs
from onepool.reach.messages.pieces import LINK
from onepool.reach.messages.render import Rendered, host_of, render, render_links


def render_sends(
    session: Session,
    message: Message,
    content: Content,
    rows: pa.Table,
    wording: Wording,
    *,
    linking: Linking | None = None,
    zone: str | None = None,
    hosts: Sequence[str] = (),
    base: str = "",
) -> Rendered:
    """The contents of sends. ``rows``: customer_id (int64) and vars (string, JSON by source; see `gather`).

    Without ``linking`` (previews, simulations) links are samples of the right length below ``base``. ``zone``: the
    attribute with the customer's zone.
    """
    customers, run = rows.column("customer_id").combine_chunks(), rows.column("vars").combine_chunks()
    table = gather(session, needs(message, content), customers, run, zone)
    return render_table(message, content, table, wording, linking=linking, hosts=hosts, base=base)


def render_table(
    message: Message,
    content: Content,
    table: pa.Table,
    wording: Wording,
    *,
    linking: Linking | None = None,
    hosts: Sequence[str] = (),
    base: str = "",
) -> Rendered:
    """The same from a table of sources (`gather`)."""
    used = names_of(message, [(leaf.source, leaf.html) for leaf in leaves(content)], wording.tongue)
    names = [name.removeprefix(LINK) for name in used if name.startswith(LINK)]
    links: dict[str, pa.StringArray] = {}
    problems: list[str | None] = [None] * table.num_rows
    if names:
        urls, problems = render_links(message, content, table, wording, hosts)
        if linking is None:
            links = sample_links(names, base, table.num_rows)
        else:
            links = make_links(urls, problems, linking, preferences=PREFERENCES in names)
    # Short links lead to ourselves first; where they lead on to was asked above.
    own = host_of(linking.base if linking is not None else base or SAMPLE_BASE) if links else None
    allowed = [*hosts, own] if hosts and own is not None else hosts
    found = render(message, content, table, wording, links=links, hosts=allowed)
    # What is wrong with a link's own address says more than that there is no link.
    found.problems = [first or second for first, second in zip(problems, found.problems, strict=True)]
    return found
