"""What is masked may not become the value of a tag, by whichever kind."""

from __future__ import annotations

from typing import Any

import pytest

from onepool.audience.conditions.names import names_of
from onepool.audience.tags import check_definition, parse_tag
from onepool.standards.load import load_standard
from onepool.standards.personal import hidden_of

STANDARD = load_standard()
NAMES = names_of(STANDARD)
HIDDEN = hidden_of(STANDARD)


def problems(**body: Any) -> list[str]:
    tag = parse_tag({"tag": "t", "title": {"zh": "签", "en": "T"}, "says": "attribute", **body})
    return [f"{one.place}: {one.message}" for one in check_definition(tag, NAMES) if "personal" in one.message]


@pytest.mark.parametrize("name", sorted(HIDDEN.attributes | (HIDDEN.attribute_names & STANDARD.attributes.keys())))
def test_attributes(name: str) -> None:
    source = {"kind": "attribute", "from": {"attribute": name}}
    assert problems(**source)
    assert not problems(**source, map={"a": "b"})
    assert problems(kind="expression", expression=f"coalesce(attribute.{name}, 'none')")
    assert problems(kind="expression", expression=f"if(known(attribute.{name}), attribute.{name}, 'none')")
    assert not problems(kind="expression", expression=f"if(known(attribute.{name}), 'yes', 'no')")


@pytest.mark.parametrize("field", ["receiver_phone", "receiver_name", "address", "fields.收件人", "fields.user.mobile"])
def test_fields(field: str) -> None:
    source = {"did": "order_paid", "field": field}
    assert problems(kind="first_last", take="last", **{"from": source})
    assert problems(kind="preference", **{"from": source})
    assert not problems(kind="metric", **{"from": {"did": "order_paid", "distinct": field}})


def test_numbers() -> None:
    source = {"did": "page_viewed", "max": "latitude"}
    assert problems(kind="metric", **{"from": source})
    assert problems(kind="expression", inputs={"far": source}, expression="far * 2")
    cut = {"by": "number", "at": [30], "labels": ["south", "north"]}
    assert not problems(kind="metric", cut=cut, **{"from": source})


@pytest.mark.parametrize("field", ["items.name", "items.category", "province", "city", "channel"])
def test_what_customers_are_described_by_stays_usable(field: str) -> None:
    assert not problems(kind="preference", **{"from": {"did": "order_paid", "field": field}})
    assert not problems(kind="attribute", **{"from": {"attribute": "city"}})
