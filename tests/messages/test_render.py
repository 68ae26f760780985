"""Rendering whole tables says the same as rendering row by row; nothing but values, filters and conditions is there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from onepool.clock import to_micros
from onepool.reach.messages import Wording, parse_message, render, render_table
from onepool.reach.messages.columns import Bad, text_column, typed_column
from onepool.reach.messages.language import language_of
from onepool.reach.messages.model import Message
from onepool.reach.messages.parse import leaves

from .brand import WORDING, message, sms, template, wecom

VARIABLES: dict[str, Any] = {
    "name": {"from": "attribute.nickname"},
    "greeting": {"from": "attribute.title", "default": "亲"},
    "points": {"type": "number", "from": "trigger.points"},
    "amount": {"type": "money", "from": "trigger.amount", "default": 20},
    "until": {"type": "date", "from": "vars.until"},
    "code": {"type": "coupon", "from": "vars.code"},
}
PARTS = [
    "您好 ",
    "{{ name }}",
    "{{ greeting }}",
    '{{ name | default: "朋友" }}',
    "{{ name | truncate: 3 }}",
    "{{ name | upcase | append: '!' }}",
    "{% if points > 10 and name %}高{{ points }}{% elsif name == 'B' %}B{% else %}低{% endif %}",
    "{% case greeting %}{% when '亲', 'A' %}近{% else %}远{{ name }}{% endcase %}",
    "{% unless code %}无券{% endunless %}",
    "{{ amount }}",
    '{{ amount | money: "short" }}',
    "{{ points | number: 1 }}",
    "{{ points }}",
    "{{ until }}",
    '{{ until | date: "%-m月%-d日 %H点 %A" }}',
    "{{ code }}",
    "{{ code | url_encode }}",
    "{% comment %}{{ name }}{% endcomment %}",
    "{{- ' x ' -}}",
    "\n% }} { ",
]
TEXT = st.one_of(st.none(), st.sampled_from(["", " ", "B", "王小明", "<b>&\"'", "A B", "长" * 30]))
NUMBERS = st.one_of(st.none(), st.sampled_from(["3", "12.50", "-1", "0", "abc", "1e3", "NaN"]))
DATES = st.one_of(
    st.none(),
    st.sampled_from(["2026-11-30", "2026-11-30T23:30:00+08:00", "2026-03-08T12:00:00", "1763740800000000", "soon"]),
)
ZONES = st.one_of(st.none(), st.sampled_from(["Asia/Shanghai", "America/New_York", "nowhere"]))
ROW = st.fixed_dictionaries(
    {
        "attribute.nickname": TEXT, "attribute.title": TEXT, "trigger.points": NUMBERS, "trigger.amount": NUMBERS,
        "vars.until": DATES, "vars.code": TEXT, "zone": ZONES,
    }
)  # fmt: skip


def naive(found: Message, source: str, row: dict[str, Any], *, html: bool) -> str | None:
    """One row, one template: the whole text at once, by the library."""
    context: dict[str, Any] = {}
    zones = text_column(pa.array([row["zone"]], pa.string()))
    for name, variable in found.variables.items():
        column = typed_column(pa.array([row[variable.from_]], pa.string()), variable, WORDING, zones)
        value = column.values[int(column.codes[0])]
        if isinstance(value, Bad):
            if name in source:
                return None
        elif value is not None:
            context[name] = value
    try:
        return language_of("zh", html=html).from_string(source).render(context)
    except (LiquidError, ValueError):
        return None


@settings(max_examples=250, deadline=None)
@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=6),
    rows=st.lists(ROW, min_size=1, max_size=12),
    html=st.booleans(),
)
def test_a_table_at_once_says_what_row_by_row_says(parts: list[str], rows: list[dict[str, Any]], html: bool) -> None:
    source = "".join(parts)
    if html:
        content = {"template": "M", "channel": "email", "kind": "marketing", "content": {"html": source}}
    else:
        content = {"template": "M", "channel": "wechat_oa", "kind": "text", "content": {"content": source}}
    found = parse_message(message(content, variables=VARIABLES))
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})
    rendered = render(found, found.contents[0], table, WORDING)
    part = "html" if html else "content"
    for row, told, problem in zip(rows, rendered.contents(), rendered.problems, strict=True):
        expected = naive(found, source.replace("{% comment %}{{ name }}{% endcomment %}", ""), row, html=html)
        if expected is None:
            assert told is None and problem is not None
        else:
            assert problem is None and told == {part: expected}


def one(source: str, variables: dict[str, Any] | None = None, **values: Any) -> Any:
    found = parse_message(message(wecom(source), variables=variables or VARIABLES))
    table = pa.table({name.replace("__", "."): [value] for name, value in values.items()} or {"x": [1]})
    return render_table(found, found.contents[0], table, WORDING)


def test_what_is_missing_is_named() -> None:
    assert one("{{ name }}").problems == ["variable name has no value and no default"]
    assert one("{{ name | upcase }} {{ greeting }}").problems == ["variable name has no value and no default"]
    assert one("{{ points | number: 0 }}", trigger__points="many").problems == ["variable points: this is no number"]
    assert one("{{ until }}", vars__until="soon").problems == ["variable until: this is no date"]
    assert one("{% if name %}{{ name }}{% else %}您{% endif %}").contents() == [{"text": "您"}]


def test_dates_are_told_on_the_customers_clock() -> None:
    at = to_micros(datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    found = parse_message(message(wecom("{{ until }}"), variables=VARIABLES))
    table = pa.table(
        {"vars.until": pa.array([at] * 3, pa.int64()), "zone": ["Asia/Shanghai", "America/New_York", None]}
    )
    told = [content["text"] for content in render(found, found.contents[0], table, WORDING).contents() if content]
    assert told == ["2026-12-01 07:30", "2026-11-30 18:30", "2026-12-01 07:30"]


def test_columns_of_the_pools_own_types() -> None:
    found = parse_message(
        message(wecom("{{ amount }} {{ points }} {{ name }} {{ until | date: '%Y' }}"), variables=VARIABLES)
    )
    table = pa.table(
        {
            "trigger.amount": pa.array([1299.5], pa.float64()),
            "trigger.points": pa.array([12], pa.int64()),
            "attribute.nickname": pa.array([["a", "b"]], pa.list_(pa.string())),
            "vars.until": pa.array([date(2026, 1, 2)], pa.date32()),
        }
    )
    assert render(found, found.contents[0], table, WORDING).contents() == [{"text": "¥1299.50 12 a、b 2026"}]
    english = render(found, found.contents[0], table, Wording("en", "UTC", "USD")).contents()
    assert english == [{"text": "$1299.50 12 a、b 2026"}]


def test_what_the_platform_would_refuse_is_not_sent() -> None:
    found = parse_message(message(template(thing1="{{ name }}", phrase2="{{ greeting }}"), variables=VARIABLES))
    table = pa.table(
        {"attribute.nickname": ["好" * 20, "好" * 21, "好"], "attribute.title": ["审核通过", "审核通过", "ok"]}
    )
    rendered = render(found, found.contents[0], table, WORDING)
    assert [problem and problem.split(":")[0] for problem in rendered.problems] == [None, "data.thing1", "data.phrase2"]
    assert rendered.contents()[0] == {"template_id": "T1", "data": {"thing1": "好" * 20, "phrase2": "审核通过"}}


def test_limits_in_bytes_count_bytes() -> None:
    said = {"channel": "wecom", "kind": "service_text", "template": "KF", "content": {"content": "{{ name }}"}}
    found = parse_message(message(said, variables=VARIABLES))
    names = ["好" * 682, "好" * 683, "x" * 683]
    rendered = render(found, found.contents[0], pa.table({"attribute.nickname": names}), WORDING)
    assert rendered.problems == [None, "content: longer than 2048 bytes", None]


def test_html_values_are_escaped_and_text_is_not() -> None:
    mail = {
        "template": "M", "channel": "email", "kind": "marketing",
        "content": {"subject": "{{ name }}", "html": "<p>{{ name }}</p><a href='{{ unsubscribe_url }}'>x</a>"},
    }  # fmt: skip
    found = parse_message(message(mail, variables=VARIABLES))
    told = render(found, found.contents[0], pa.table({"attribute.nickname": ["<b>&"]}), WORDING).contents()[0]
    assert told is not None
    assert told["subject"] == "<b>&" and told["html"].startswith("<p>&lt;b&gt;&amp;</p>")
    assert "{{unsubscribe_url}}" in told["html"], "what the mail's sender puts its own address in for"


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in (1..9999999) %}{{ x }}{% endfor %}",
        "{% assign a = name %}{{ a }}",
        "{% include 'x' %}",
        "{% capture x %}a{% endcapture %}",
        "{{ name.__class__ }}",
        "{{ name | map: 'x' }}",
        "{{ name | base64_decode }}",
        "{% render 'x' %}",
        "{% liquid echo name %}",
    ],
)
def test_there_are_no_loops_no_assignments_no_files(source: str) -> None:
    from onepool.reach.messages.pieces import faults

    assert faults(source, "zh", VARIABLES)[0]


def test_what_a_template_writes_is_bounded() -> None:
    grown = "{{ name" + " | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa'" * 8 + " }}"
    assert "too long" in str(one(grown, attribute__nickname="a" * 100).problems[0])


def test_the_same_parts_of_every_row_are_one_object() -> None:
    found = parse_message(message(sms(name="{{ name }}"), variables=VARIABLES))
    told = render(found, found.contents[0], pa.table({"attribute.nickname": ["A", "B"]}), WORDING).contents()
    assert told[0] is not None and told[1] is not None
    assert told[0]["params"] == {"name": "A"} and told[1]["params"] == {"name": "B"}
    assert [leaf.where for leaf in leaves(found.contents[0])] == ["template_id", "text", "params.name"]
