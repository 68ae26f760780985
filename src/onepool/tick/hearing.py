"""What a batch says of persons that matters for who is who: names, words of consent, how contacts became known."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity import Heard
from onepool.identity.arrays import PROVED
from onepool.privacy.consents.words import listed
from onepool.standards import Batch
from onepool.tick.proving import PROVED_BY, TYPED_BY

GRANTED, WITHDRAWN = "consent_granted", "consent_withdrawn"
"""Events by which a person lets identifiers be joined, or does so no longer."""


def heard(batch: Batch, purposes: Collection[str]) -> Heard:
    """What a batch says of persons that matters for who is who: names, and words of consent for one of `purposes`."""
    facts = batch.attributes.filter(pc.is_valid(batch.attributes.column("value")))
    facts = facts.select(["row", "attribute", "value"])
    kind = facts.column("attribute")
    whole = facts.filter(pc.equal(kind, "name")).select(["row", "value"])
    parts = {
        name: facts.filter(pc.equal(kind, name)).select(["row", "value"]).rename_columns(["row", name])
        for name in ("last_name", "first_name")
    }
    made = parts["last_name"].join(parts["first_name"], "row", join_type="inner")
    made = made.filter(pc.invert(pc.is_in(made.column("row"), value_set=whole.column("row").combine_chunks())))
    named = pc.binary_join_element_wise(made.column("last_name"), made.column("first_name"), "")
    latin = pc.binary_join_element_wise(made.column("first_name"), made.column("last_name"), " ")
    text = pc.if_else(pc.string_is_ascii(named), latin, named)
    names = pa.concat_tables(
        [whole.rename_columns(["row", "name"]), pa.table({"row": made.column("row"), "name": text})],
        promote_options="permissive",
    )
    event = batch.events.column("event")
    said = batch.events.select(["row", "event", "purpose", "category", "for_channel"])
    said = said.filter(pc.is_in(event, value_set=pa.array([GRANTED, WITHDRAWN])))
    purpose = pc.fill_null(said.column("purpose").cast(pa.string()), "")
    meant = [one for one in pc.unique(purpose).to_pylist() if not (named := listed(one)) or {*named} & {*purposes}]
    # A word about a category of messages, or one channel's, says nothing of who is who.
    whole = [pc.equal(pc.fill_null(said.column(one).cast(pa.string()), ""), "") for one in ("category", "for_channel")]
    said = said.filter(pc.and_(pc.is_in(purpose, value_set=pa.array(meant, pa.string())), pc.and_(*whole)))
    consents = pa.table({"row": said.column("row"), "granted": pc.equal(said.column("event"), GRANTED)})
    return Heard(names, consents, _trust(batch))


def _trust(batch: Batch) -> pa.Table:
    """How contacts became known, where events say so in the field `method`."""
    method = pc.utf8_lower(batch.events.column("method").cast(pa.string()))
    typed, proved = pc.is_in(method, value_set=pa.array(TYPED_BY)), pc.is_in(method, value_set=pa.array(PROVED_BY))
    trust = pc.add(pc.cast(typed, pa.int8()), pc.if_else(proved, PROVED, 0))
    known = pa.table({"row": batch.events.column("row"), "trust": trust})
    return known.filter(pc.not_equal(known.column("trust"), 0)).cast(
        pa.schema([("row", pa.int32()), ("trust", pa.int8())])
    )
