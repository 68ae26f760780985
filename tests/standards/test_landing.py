"""Click ids and UTM parameters of landing pages' addresses."""

from __future__ import annotations

import pyarrow as pa
import pytest

from onepool.standards.landing import landing_fields, landing_rows

from .things import events, ids, run, segment, track

CLICK = "EJiw267wvfQCGKf2g74ZIPD89-vIATAMOAFCIjIwMTg"


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (f"https://a.example/p?clickid={CLICK}&x=1", {"click_id": CLICK}),
        ("https://a.example/p?x=1&qz_gdt=wx0abc", {"click_id": "wx0abc"}),
        ("https://a.example/?gdt_vid=wx0abc&weixinadinfo=1", {"click_id": "wx0abc"}),
        ("https://a.example/?gdt_vid=a&clickid=b", {"click_id": "a"}),
        ("https://a.example/#/p/1?clickid=abc", {"click_id": "abc"}),
        ("https://a.example/?utm_source=oe#/p?gdt_vid=abc", {"utm_source": "oe", "click_id": "abc"}),
        (
            "https://a.example/?utm_source=oe&utm_medium=feed&utm_campaign=%E6%98%A5&utm_term=t&utm_content=c",
            {"utm_source": "oe", "utm_medium": "feed", "campaign": "春", "utm_term": "t", "utm_content": "c"},
        ),
        ("https://a.example/?clickid=__CALLBACK_PARAM__&utm_source={source}", {}),
        (f"https://a.example/?clickid={'x' * 513}", {}),
        ("https://a.example/?clickid=a%00b&qz_gdt=a%0Ab", {}),
        ("https://a.example/?clickid=", {}),
        ("https://a.example/clickid=abc", {}),
        ("https://a.example/?" + "&".join(f"a{number}=1" for number in range(200)) + "&clickid=x", {}),
        ("", {}),
    ],
)
def test_what_an_address_says(url: str, fields: dict[str, str]) -> None:
    assert landing_fields(url) == fields
    assert not fields or landing_rows(pa.array([None, url])) == [1]


def test_a_visit_is_kept_with_the_click_that_led_to_it() -> None:
    page = {"page": {"url": f"https://s.example/p?clickid={CLICK}&utm_source=oe"}}
    batch = run(
        segment(
            [
                track("Product Viewed", {}, messageId="m1", anonymousId="a1", context=page),
                track("Product Viewed", {}, messageId="m2", context={"page": {"url": "https://s.example/?a=1"}}),
                track(
                    "Order Completed", {"order_id": "1", "click_id": "own", "url": "https://s.example/?clickid=other"},
                    messageId="m3", context={"campaign": {"source": "wx"}, **page},
                ),
            ]
        )
    )  # fmt: skip
    said = [(event["event"], event["fields"]) for event in events(batch)]
    found = {(name, fields.get("click_id"), fields.get("utm_source")) for name, fields in said}
    assert found == {("order_paid", "own", "wx"), ("product_viewed", CLICK, "oe"), ("product_viewed", None, None)}
    assert ("ad_click", "", CLICK) in ids(batch) and ("ad_click", "", "own") in ids(batch)


def test_an_id_that_is_too_long_does_not_cost_the_visit() -> None:
    page = {"page": {"url": "https://s.example/?clickid=" + "x" * 600}}
    batch = run(segment([track("Product Viewed", {}, context=page)]))
    (event,) = events(batch)
    assert "click_id" not in event["fields"]
