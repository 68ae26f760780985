"""Parts of tags by themselves: expressions, SQL, schedules, figures, RFM cells, words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from onepool.api.dictionary import value_titles as shown_titles
from onepool.audience.conditions import ConditionError, parse_condition, sentence
from onepool.audience.mining.cluster.naming import title_of
from onepool.audience.tags import check_definition, parse_tag, tag_names, tag_sentence, tags_used
from onepool.audience.tags.expression import ExpressionFault, parse_expression
from onepool.audience.tags.figures import Figures, drift, measure, stability
from onepool.audience.tags.rfm_cells import LABELS
from onepool.audience.tags.runs import VALUES
from onepool.audience.tags.schedule import last_time, next_time
from onepool.audience.tags.value_titles import value_titles
from onepool.pool.guard import QueryRefused, check
from onepool.tick.jobs import JobError
from onepool.tick.schedules import instants_between

from . import world

CTX = world.context("Asia/Shanghai")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def tag(**body: Any):
    return parse_tag({"tag": "t", "title": "T", "says": "value", **body})


def problems(**body: Any) -> str:
    return "; ".join(str(one) for one in check_definition(tag(**body), CTX.names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 +", "it ends too early (character 4)"),
        ("1 $ 2", "`$` can't stand here (character 3)"),
        ("(1 + 2", "`)` is wanted here"),
        ("1 2", "an operator is wanted before it"),
        ("customer.age + 1", "`customer.` is not known here"),
        ("veiws + 1", "there is no input veiws (character 1); did you mean views?"),
        ("attribute.agee * 2", "there is no attribute agee (character 1); did you mean age?"),
        ("attribute.city + 1", "a number is wanted here, this is a text"),
        ("attribute.birthday", "the attribute birthday is date"),
        ("tag.pionts", "did you mean points?"),
        ("tag.likes", "the tag likes is a list"),
        ("lgo(1)", "there is no function lgo (character 1); did you mean log?"),
        ("pow(1)", "pow takes 2 values, not 1"),
        ("if(1, 2, 3)", "a truth is wanted here, this is a number"),
        ("if(1 < 2, 2, 'x')", "these must be of one type"),
        ("1 < 2", "it gives true or false"),
        ("attribute.city", "a text alone is no formula"),
        ("rank_share(min_max(1))", "can't stand inside of another comparison"),
        ("round(1.5, 0.5)", "a whole number of digits"),
        ("(" * 60 + "1" + ")" * 60, "nested too deeply"),
        ("1; DROP TABLE events", "`;` can't stand here"),
        ("__import__('os')", "there is no function __import__"),
    ],
)
def test_faults_of_expressions_are_said_with_their_place(text: str, said: str) -> None:
    found = problems(kind="expression", inputs={"views": {"did": "app_opened", "times": True}}, expression=text)
    assert said in found


def test_precedence() -> None:
    def shape(text: str) -> str:
        from onepool.audience.tags.expression.sql import shape_of

        return shape_of(parse_expression(text))

    assert shape("1 - 2 - 3") == shape("(1 - 2) - 3")
    assert shape("1 + 2 * -3") == shape("1 + (2 * (-3))")
    assert shape("not 1 < 2 and 3 > 2 or 1 = 1") == shape("((not (1 < 2)) and (3 > 2)) or (1 = 1)")
    with pytest.raises(ExpressionFault):
        parse_expression("1 < 2 < 3")


def test_an_expression_depends_on_the_tags_that_it_names() -> None:
    one = tag(kind="expression", expression="tag.points + 1")
    assert tags_used(one) == {"points"}
    assert tag_names(one).type == "number"
    assert tag_names(tag(kind="expression", expression="if(tag.points > 1, 'a', 'b')")).type == "text"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 AS id; SELECT 2", "exactly one SELECT"),
        ("DELETE FROM events", "only SELECT may run"),
        ("SELECT customer_id AS id, 1 AS value FROM main.events", "only the views may be read"),
        ("SELECT customer_id AS id, 1 AS value FROM read_csv('x')", "may not be used"),
        ("SELECT customer_id, 1 AS value FROM events", "a column called id is wanted"),
        ("SELECT customer_id AS id, now() AS value FROM events", "the instant is :as_of"),
        ("SELECT customer_id AS id, 1 AS value FROM events WHERE time < :other", "PLACEHOLDER may not be used"),
        ("SELECT customer_id AS id FROM evnts", "there is no view"),
    ],
)
def test_faults_of_queries_are_said(sql: str, said: str) -> None:
    assert said in problems(kind="sql", sql=sql)


def test_an_instant_is_bound_only_where_it_may() -> None:
    sql = "SELECT customer_id AS id, 1 AS value FROM events WHERE time < :as_of"
    assert problems(kind="sql", sql=sql) == ""
    with pytest.raises(QueryRefused):
        check(sql, "duckdb")


def test_sequences_that_no_one_can_go_through_are_refused() -> None:
    paid = {"did": "order_paid"}
    later = {"sequence": [paid, {**paid, "gap": {"at_least": "2 days"}}, {**paid, "gap": {"at_least": "1 day"}}]}
    assert problems(kind="sequence", value="x", span="3 days", **later) == ""
    said = "the gaps between the steps add up to more than 2 days"
    assert problems(kind="sequence", value="x", span="2 days", **later) == f"span: {said}"
    found = problems(kind="state", states=[{"value": "x", "when": {**later, "span": "2 days"}}])
    assert found == f"states[0].when.span: {said}"


def test_an_age_of_the_last_step_is_said_once() -> None:
    steps = [{"did": "app_opened", "where": {"time": {"last": "9 days"}}}, {"did": "order_paid"}]
    assert problems(kind="sequence", value="x", sequence=steps, valid_for="7 days") == ""
    assert problems(kind="sequence", value="x", sequence=steps[::-1]) == ""
    with pytest.raises(ConditionError, match=r"valid_for looks at the time of the last step: leave out where\.time"):
        tag(kind="sequence", value="x", sequence=steps[::-1], valid_for="7 days")


def test_schedules_are_those_of_crontab() -> None:
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert next_time("0 3 * * 1", SHANGHAI, sunday) == datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
    assert next_time("0 3 * * 0", SHANGHAI, sunday) == datetime(2026, 11, 28, 19, 0, tzinfo=UTC)
    assert next_time("0 3 * * 7", SHANGHAI, sunday) == next_time("0 3 * * sun", SHANGHAI, sunday)
    assert next_time("0 3 * * 5-7", SHANGHAI, sunday) == datetime(2026, 11, 26, 19, 0, tzinfo=UTC)
    assert next_time("0 3 30 2 *", SHANGHAI, sunday) is None
    at = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
    assert last_time("0 3 * * *", SHANGHAI, at, at - timedelta(days=1)) == at
    assert last_time("0 3 * * *", SHANGHAI, at, at) is None
    assert last_time("0 3 * * *", SHANGHAI, at + timedelta(hours=5), at - timedelta(days=900)) == at


def test_backfills_follow_the_calendar() -> None:
    start = datetime(2026, 1, 31, 3, 0, tzinfo=SHANGHAI)
    months = instants_between(start, start + timedelta(days=60), "month", SHANGHAI)
    assert [one.astimezone(SHANGHAI).date().isoformat() for one in months] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    new_york = ZoneInfo("America/New_York")
    spring = datetime(2026, 3, 7, 3, 0, tzinfo=new_york)
    days = instants_between(spring.astimezone(UTC), spring + timedelta(days=2), "day", new_york)
    assert [one.astimezone(new_york).hour for one in days] == [3, 3, 3]
    with pytest.raises(JobError, match="100"):
        instants_between(start, start + timedelta(days=300), "day", SHANGHAI)


def _values(*values: Any) -> pa.Table:
    rows = [
        {"customer_id": number, "value": str(value), "number": float(value) if isinstance(value, int | float) else None}
        for number, value in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema=VALUES)


def test_drift_is_the_population_stability_index() -> None:
    # By hand: shares .5/.3/.2 against .4/.3/.3: .1 ln(5/4) + .1 ln(3/2).
    assert stability([50, 30, 20], [40, 30, 30]) == pytest.approx(0.1 * 0.2231436 + 0.1 * 0.4054651, abs=1e-6)
    before = measure(_values(*["a"] * 50, *["b"] * 30), 100)
    assert (before.coverage, before.total, before.different) == (80, 100, 2)
    assert drift(before, _values(*["a"] * 50, *["b"] * 30), 100) == 0
    assert drift(before, _values(*["a"] * 40, *["b"] * 30), 100) == pytest.approx(0.0628609, abs=1e-6)
    assert drift(before, _values(*["c"] * 80), 100) > 1
    assert Figures.read(before.text()) == before


def test_numbers_are_compared_in_the_deciles_of_the_run_before() -> None:
    before = measure(_values(*range(100)), 100)
    assert before.edges == [9, 19, 29, 39, 49, 59, 69, 79, 89] and before.counts == [10] * 10
    assert drift(before, _values(*range(100)), 100) == 0
    assert drift(before, _values(*range(50), *range(50)), 100) > 0.25


def test_the_cells_of_rfm_have_the_names_of_the_field() -> None:
    assert len(set(LABELS.values())) == 8 and LABELS["222"] == "重要价值客户" and LABELS["111"] == "一般挽留客户"
    source = {"did": "order_paid", "sum": "amount"}
    assert tag_names(tag(kind="rfm", **{"from": source})).values == tuple(LABELS.values())
    for wrong, said in (
        ({"by": "mean", "cells": 125}, "a mean makes two parts"),
        ({"by": "value"}, "by: value and at go together"),
        ({"by": "value", "at": {"recency": [1, 2], "frequency": 1, "monetary": 1}}, "8 cells want one cut"),
        ({"labels": {"333": "x"}}, "three figures of 12"),
    ):
        with pytest.raises(ConditionError, match=said):
            tag(kind="rfm", **{"from": source}, **wrong)


def test_every_kind_is_put_into_words() -> None:
    for body in (
        {"kind": "import", "mode": "overwrite"},
        {"kind": "sql", "sql": "SELECT customer_id AS id, 1 AS value FROM events"},
        {"kind": "expression", "expression": "attribute.age + 1"},
        {"kind": "sequence", "sequence": [{"did": "order_paid"}], "value": "x", "valid_for": "2 days"},
        {"kind": "rfm", "from": {"did": "order_paid", "sum": "amount"}},
        {"kind": "state", "states": [{"value": "v", "quiet": {"did": "order_paid", "percentile": 75}}]},
    ):
        zh, en = (tag_sentence(tag(**body), lang, CTX.names) for lang in ("zh", "en"))
        assert zh and en and zh != en and "None" not in zh + en
    words = tag_sentence(
        tag(kind="state", states=[{"value": "v", "quiet": {"did": "order_paid", "percentile": 75}}]), "en", CTX.names
    )
    assert "than P75 of all customers' intervals" in words


def test_values_are_called_as_what_they_are_values_of() -> None:
    titles = {
        "channel:web": {"zh": "网站", "en": "Website"},
        "event:signed_up": {"zh": "注册", "en": "Signed up"},
        "value:attribute:gender:female": {"zh": "女", "en": "Female"},
    }

    def called(**body: object) -> dict[str, Mapping[str, str]]:
        return value_titles(parse_tag({"tag": "t", "title": "t", "says": "value", **body}), titles)

    source = {"did": "order_paid", "field": "channel"}
    first = called(kind="first_last", take="first", **{"from": source}, value_titles={"app": "应用"})
    assert first == {"web": titles["channel:web"], "app": {"zh": "应用", "en": "应用"}}
    assert called(kind="attribute", **{"from": {"attribute": "gender"}}) == {"female": {"zh": "女", "en": "Female"}}
    cells = called(kind="rfm", **{"from": {"did": "order_paid", "sum": "amount"}})
    assert cells["重要价值客户"] == {"zh": "重要价值客户", "en": "Champions"} and len(cells) == 8
    groups = called(kind="model", model="cluster", within={"last": "90 days"}, clusters=[4, 8])
    assert groups["signed_up_times"]["zh"] == "突出：注册次数" and groups["channel_web"]["en"] == "much on: Website"
    assert groups["any_active"]["zh"] == "突出：活跃天数" and groups["quiet_2"]["en"] == "Quiet 2"


def test_every_group_that_a_run_may_name_has_a_title() -> None:
    cluster = tag(kind="model", model="cluster", within={"last": "90 days"})
    names = replace(CTX.names, tags={"t": tag_names(cluster)})
    found = shown_titles(names, "tag:t", ["category_tea", "category_茶_2", "quiet_12", "other", "own_event_times"])
    assert {value: one.zh for value, one in found.items()} == {
        "category_tea": "突出：tea",
        "category_茶_2": "突出：茶_2",
        "quiet_12": "低活跃 12",
        "own_event_times": "突出：own_event次数",
    } and shown_titles(CTX.names, "tag:t", ["category_tea"]) == {}
    ctx = replace(CTX, names=replace(names, titles={"value:tag:t:quiet": {"zh": "静", "en": "Still"}}))
    assert title_of("quiet", "t", ctx).zh == "静" and title_of("category_tea", "t", ctx).en == "much of: tea"


def test_a_tag_may_be_called_channel() -> None:
    titles = {
        "channel:web": {"zh": "网站", "en": "Website"},
        "value:tag:channel:web": {"zh": "网上", "en": "Online"},
    }
    names = replace(CTX.names, titles=titles)
    assert "Online" in sentence(parse_condition({"tag": "channel", "is": "web"}), "en", names)
    assert "web" in sentence(parse_condition({"attribute": "channel", "is": "web"}), "en", names)
    filtered = parse_condition({"did": "order_paid", "where": {"channel": "web"}})
    assert "Website" in sentence(filtered, "en", names)
