"""A journey beside what the workspace has: every fault at its place, advice apart."""

from __future__ import annotations

from typing import Any

import pytest
from tests.journeys.brand import CART, REDEEMED, cart, known

from onepool.journeys.check import Checked, check_body
from onepool.journeys.chinese import chinese

END = {"do": "end", "as": "completed"}


def checked(body: dict[str, Any], *others: str) -> Checked:
    journey, found = check_body(body, known(*others))
    assert journey is not None, found.problems
    assert [one.message for one in (*found.problems, *found.warnings) if chinese(one.message) is None] == []
    return found


def faults(body: dict[str, Any], *others: str) -> dict[str, str]:
    return {one.place: str(one).removeprefix(f"{one.place}: ") for one in checked(body, *others).problems}


def advice(body: dict[str, Any]) -> dict[str, str]:
    return {one.place: str(one) for one in checked(body).warnings}


def small(*, entry: dict[str, Any] | None = None, **nodes: dict[str, Any]) -> dict[str, Any]:
    """A journey of a few nodes that begins with `one`."""
    return {
        "journey": "small", "entry": entry or {"api": True}, "max_life": "30 days", "start": "one",
        "nodes": {**nodes, "end": END},
    }  # fmt: skip


def only(**node: Any) -> dict[str, Any]:
    return small(one={key.removesuffix("_"): value for key, value in node.items()})


def test_the_cart_story_is_whole() -> None:
    found = checked(CART)
    assert [str(one) for one in found.problems] == []
    assert {one.place for one in found.warnings} == {"nodes.send1.chain[0]", "nodes.remind.chain[1]"}


def test_who_comes_into_a_segment_is_asked_by_conditions_and_never_awaited() -> None:
    came = {"did": "segment_entered", "where": {"segment": {"is": "vip"}}}
    words = "segment_entered can be asked for by did and did_not of a condition, not here"
    waiting = only(do="wait", until=came, max="1 day", next="end", on_event="end", else_="end")
    assert faults(waiting).get("nodes.one.until.did") == words
    assert faults(small(entry=came, one=END)).get("entry.did") == words


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        # the graph
        ({"start": "giv"}, "start", "did you mean give?"),
        ({"nodes__wait3__next": "chek"}, "nodes.wait3.next", "did you mean check?"),
        ({"nodes__wait3__on_event": "nowhere"}, "nodes.wait3.on_event", "there is no node nowhere"),
        ({"nodes__send1__else": "end_unreachabel"}, "nodes.send1.else", "did you mean end_unreachable?"),
        ({"nodes__check__cases__0__next": "end_gaol"}, "nodes.check.cases[0].next", "did you mean end_goal?"),
        ({"nodes__remind__next": "send1"}, "nodes.remind.next", "send1 -> wait3 -> check -> remind -> send1"),
        ({"nodes__wait3__next": "wait3"}, "nodes.wait3.next", "wait3 -> wait3"),
        ({"nodes__check__else": "end_done"}, "nodes.remind", "no way from give leads here"),
        ({"exit__1__before": "gve"}, "exit[1].before", "did you mean give?"),
        # names
        ({"entry__did": "cart_aded"}, "entry.did", "did you mean cart_added?"),
        ({"entry__where": {"product": {"is": "x"}}}, "entry.where.product", "product_id"),
        ({"entry__at": {"channel": "wechat"}}, "entry.at.channel", "there is no channel wechat"),
        ({"entry__eligible": {"segment": "staf"}}, "entry.eligible.segment", "did you mean staff?"),
        ({"entry__key": "$trigger.product"}, "entry.key", "did you mean $trigger.product"),
        ({"entry__key": "product_id"}, "entry.key", "$trigger.cart_id"),
        ({"goal__did": "coupon_redeemd"}, "goal.did", "did you mean coupon_redeemed?"),
        ({"goal__within": "20 days"}, "goal.within", "14 days"),
        ({"goal__where": {"coupon_code": {"is": "$vars.code"}}}, "goal.where.coupon_code.is", "$vars.coupon_code?"),
        ({"exit__0": {"segment_leave": "stafff", "as": "left"}}, "exit[0].segment_leave", "did you mean staff?"),
        ({"nodes__give__batch": "CPN_CART_30"}, "nodes.give.batch", "did you mean CPN_CART_20?"),
        ({"nodes__give__batch": "$params.cupon"}, "nodes.give.batch", "no parameter cupon"),
        ({"nodes__send1__message": "cart_copon"}, "nodes.send1.message", "did you mean cart_coupon?"),
        ({"nodes__send1__guard": {"did_not": "order_payd"}}, "nodes.send1.guard.did_not", "did you mean order_paid?"),
        ({"zone": {"default": "Asia/Peking"}}, "zone.default", "no time zone Asia/Peking"),
        ({"zone": {"from": "attribute.time_zon"}}, "zone.from", "did you mean time_zone?"),
        ({"zone": {"from": "time_zone"}}, "zone.from", "attribute.time_zone"),
        # messages
        ({"nodes__send1__chain__0__channel": "wechatoa"}, "nodes.send1.chain[0].channel", "did you mean wechat_oa?"),
        ({"nodes__send1__chain__0__kind": "templat"}, "nodes.send1.chain[0].kind", "did you mean template?"),
        ({"nodes__send1__chain__0__template": "CART_COUPN"}, "nodes.send1.chain[0].template", "CART_COUPON?"),
        ({"nodes__send1__chain__2__channel": "email"}, "nodes.send1.chain[2].channel", "no touchpoint of channel"),
        ({"nodes__send1__chain__2__touchpoint": "smss"}, "nodes.send1.chain[2].touchpoint", "did you mean sms?"),
        ({"nodes__send1__chain__2__touchpoint": "oa"}, "nodes.send1.chain[2].touchpoint", "not sms"),
        ({"nodes__send1__chain__2__unknown": "resend"}, "nodes.send1.chain[2].unknown", "did you mean query?"),
        ({"nodes__send1__chain__0__unknown": "query"}, "nodes.send1.chain[0].unknown", "did you mean resend?"),
        ({"nodes__send1__chain__1__accept_within": None}, "nodes.send1.chain[1].accept_within", "24 hours"),
        ({"nodes__send1__chain__1__staff": None}, "nodes.send1.chain[1].staff", "staff: owner"),
        ({"nodes__send1__chain__0__next_on": []}, "nodes.send1.chain[0].next_on", "nothing leads on to chain[1]"),
        ({"nodes__send1__chain__0__next_on": ["control"]}, "nodes.send1.chain[0].next_on[0]", "every channel"),
        ({"nodes__send1__category": "transactional"}, "nodes.send1.category", "did you mean promotion?"),
        ({"policy__category": "service"}, "policy.category", "did you mean promotion?"),
        # waits and ends
        ({"nodes__wait3__for": None}, "nodes.wait3.for", "needs a bound"),
        ({"nodes__wait3__for": "15 days"}, "nodes.wait3.for", "longer than a run lives"),
        ({"nodes__end_done__as": "holdout"}, "nodes.end_done.as", "meaning of its own"),
    ],
)  # fmt: skip
def test_faults_have_places_and_suggestions(changes: dict[str, Any], place: str, words: str) -> None:
    found = faults(cart(**changes))
    assert place in found, found
    assert words in found[place], found[place]


@pytest.mark.parametrize(
    ("node", "place", "words"),
    [
        ({"do": "wait", "next": "end"}, "nodes.one", "say what is waited for"),
        ({"do": "wait", "date": {"attribute": "birthday"}, "else_": "end", "next": "end"}, "nodes.one.max", "bound"),
        ({"do": "wait", "date": {"attribute": "birthday"}, "max": "9 days", "next": "end"}, "nodes.one.else", "who"),
        ({"do": "wait", "date": {"attribute": "city"}, "max": "9 days", "else_": "end", "next": "end"},
         "nodes.one.date.attribute", "city is text"),
        ({"do": "wait", "date": {"var": "when"}, "max": "9 days", "else_": "end", "next": "end"},
         "nodes.one.date.var", "nothing in this journey saves"),
        ({"do": "wait", "date": {"attribute": "birthday", "offset": "3 dayz"}, "max": "9 days", "else_": "end",
          "next": "end"}, "nodes.one.date.offset", "-7 days"),
        ({"do": "wait", "time": "10:00", "weekdays": ["mondy"], "next": "end"}, "nodes.one.weekdays[0]", "monday?"),
        ({"do": "wait", "for_": "1 day", "weekdays": ["monday"], "next": "end"}, "nodes.one.weekdays", "beside time"),
        ({"do": "wait", "for_": "1 day", "on_event": "end", "next": "end"}, "nodes.one.on_event", "beside until"),
        ({"do": "wait", "for_": "1 day", "time": "10:00", "next": "end"}, "nodes.one.for", "beside time"),
        ({"do": "wait", "until": REDEEMED, "time": "10:00", "next": "end"}, "nodes.one", "can't stand together"),
        ({"do": "set_profile", "set": {"ctiy": "x"}, "next": "end"}, "nodes.one.set.ctiy", "did you mean city?"),
        ({"do": "set_profile", "set": {"phone": "1"}, "next": "end"}, "nodes.one.set.phone", "who a customer is"),
        ({"do": "set_profile", "set": {"points_balance": "x"}, "next": "end"}, "nodes.one.set.points_balance", "is"),
        ({"do": "set_profile", "set": {"city": "$trigger.place"}, "next": "end"}, "nodes.one.set.city", "trigger.p"),
        ({"do": "tag", "set": {"grad": "A"}, "next": "end"}, "nodes.one.set.grad", "did you mean grade?"),
        ({"do": "tag", "set": {"home": "A"}, "next": "end"}, "nodes.one.set.home", "kind import"),
        ({"do": "tag", "set": {"grade": "C"}, "next": "end"}, "nodes.one.set.grade", "no value"),
        ({"do": "webhook", "touchpoint": "sms", "next": "end", "else_": "end"}, "nodes.one.touchpoint", "webhook"),
        ({"do": "webhook", "touchpoint": "forms", "body": {"code": "$vars.code"}, "next": "end", "else_": "end"},
         "nodes.one.body.code", "saves a variable code"),
        ({"do": "split", "arms": [{"name": "a", "weight": 1, "next": "end"}] * 2}, "nodes.one.arms[1].name", "two"),
        ({"do": "repeat", "back": "end", "max": 2, "next": "end"}, "nodes.one.back", "does not lead to one"),
        ({"do": "call_journey", "journey": "small", "next": "end"}, "nodes.one.journey", "call itself"),
        ({"do": "call_journey", "journey": "nothing", "next": "end"}, "nodes.one.journey", "no journey nothing"),
    ],
)  # fmt: skip
def test_faults_of_single_nodes(node: dict[str, Any], place: str, words: str) -> None:
    found = faults(only(**node))
    assert place in found, found
    assert words in found[place], found[place]


@pytest.mark.parametrize(
    "node",
    [
        {"do": "wait", "for_": "3 local_days at 10:00", "next": "end"},
        {"do": "wait", "time": "10:00", "weekdays": ["monday", "friday"], "next": "end"},
        {"do": "wait", "date": {"attribute": "birthday", "offset": "-1 month", "every": "year"}, "max": "30 days",
         "next": "end", "else_": "end"},
        {"do": "set_profile", "set": {"city": "上海", "points_balance": 3, "birthday": "2020-02-29"}, "next": "end"},
        {"do": "tag", "set": {"grade": None}, "next": "end"},
        {"do": "webhook", "touchpoint": "forms", "save": {"score": "number"}, "next": "end", "else_": "end"},
        {"do": "task", "title": "call", "within": "2 days", "next": "end", "else_": "end"},
        {"do": "split", "arms": [{"name": "a", "weight": 1, "next": "end"}, {"name": "b", "weight": 9, "next": "end"}]},
    ],
)  # fmt: skip
def test_nodes_that_can_be_used(node: dict[str, Any]) -> None:
    assert faults(only(**node)) == {}


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        ({"segment_enter": "staf"}, "entry.segment_enter", "did you mean staff?"),
        ({"segment_leave": "staf"}, "entry.segment_leave", "did you mean staff?"),
        ({"segment_enter": "staff", "key": "$trigger.x"}, "entry.key", "told apart"),
        ({"schedule": "0 10 * *", "segment": "staff"}, "entry.schedule", "five fields"),
        ({"schedule": "0 10 * * 1"}, "entry", "either segment or who"),
        ({"schedule": "0 10 * * 1", "who": {"did": "order_paid", "since": "entry"}}, "entry.who.since", "only in"),
        ({"date": "birthda"}, "entry.date", "did you mean birthday?"),
        ({"date": "birthday", "offset": "soon"}, "entry.offset", "-7 days"),
        ({"date": "birthday", "offset": "500 days"}, "entry.offset", "at most a year"),
        ({"one_off": {"segment": "staff", "start": "tomorrow"}}, "entry.one_off.start", "an instant"),
        ({"one_off": {"segment": "staff", "who": {"did": "order_paid"}}}, "entry.one_off", "either segment or who"),
        ({"did": "cart_added", "where": {"cart_id": {"is": "$trigger.cart_id"}}}, "entry.where.cart_id.is", "has no"),
    ],
)  # fmt: skip
def test_faults_of_entries(entry: dict[str, Any], place: str, words: str) -> None:
    found = faults(small(entry=entry, one={"do": "wait", "for": "1 day", "next": "end"}))
    assert place in found, found
    assert words in found[place], found[place]


@pytest.mark.parametrize(
    "entry",
    [
        {"segment_enter": "staff", "backfill": True},
        {"schedule": "0 10 * * 1", "who": {"did": "order_paid"}},
        {"date": "birthday", "offset": "-7 days", "time": "09:30", "every": "year"},
        {"one_off": {"segment": "staff", "start": "2026-12-01T10:00:00+08:00"}},
        {"api": True, "fields": {"why": "text"}, "key": "$trigger.why"},
    ],
)
def test_entries_that_can_be_used(entry: dict[str, Any]) -> None:
    assert faults(small(entry=entry, one={"do": "wait", "for": "1 day", "next": "end"})) == {}


def test_what_is_saved_on_some_ways_only() -> None:
    give = {"do": "issue_coupon", "batch": "CPN_CART_20", "save": "code", "next": "use", "else": "use"}
    use = {
        "do": "branch",
        "cases": [{"when": {"did": "coupon_redeemed", "where": {"coupon_code": {"is": "$vars.code"}}}, "next": "end"}],
        "else": "end",
    }
    found = faults(small(one=give, use=use))
    assert list(found) == ["nodes.use.cases[0].when.where.coupon_code.is"]
    assert "not saved yet on every way to use" in next(iter(found.values()))
    assert faults(small(one={**give, "else": "end"}, use=use)) == {}


def test_a_message_takes_only_what_is_there() -> None:
    body = cart(nodes__give__else="send1")
    del body["nodes"]["end_no_stock"]
    found = faults(body)
    assert {f"nodes.send1.chain[{number}].template" for number in range(3)} <= set(found)
    assert "coupon_code is not saved yet" in found["nodes.send1.chain[2].template"]
    # A variable with a default may do without.
    assert not any("product" in words for words in found.values())


def test_variables_are_known_behind_a_way_back() -> None:
    nodes = {
        "one": {"do": "issue_coupon", "batch": "CPN_CART_20", "save": "code", "next": "ask", "else": "end"},
        "ask": {"do": "wait", "for": "1 day", "until": {"did": "coupon_redeemed", "where": {"coupon_code": {
            "is": "$vars.code"}}}, "next": "again", "on_event": "end"},
        "again": {"do": "repeat", "back": "ask", "max": 3, "next": "end"},
    }  # fmt: skip
    assert faults(small(**nodes)) == {}


def test_journeys_that_call_each_other() -> None:
    def calling(name: str) -> dict[str, Any]:
        return only(do="call_journey", journey=name, next="end")

    assert faults(calling("b"), "b", "c", "d") == {}
    deep = faults(calling("a"), "a", "b", "c", "d")
    assert "4 deep (small -> a -> b -> c -> d); 3 are allowed" in deep["nodes.one.journey"]
    round_about = faults(calling("a"), "a", "small")
    assert "small -> a -> small" in round_about["nodes.one.journey"]


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"goal": None}, "goal", "whether this worked"),
        ({"experiment": None}, "experiment.holdout", "did you mean holdout: 0.1?"),
        ({"policy__expire_after": None}, "policy.expire_after", "standstill"),
        ({"policy__quiet__on_hit": "ignore"}, "policy.quiet.on_hit", "night"),
        ({"policy__purpose": "marketng"}, "policy.purpose", "did you mean marketing?"),
        ({"nodes__remind__chain": [{"channel": "sms"}]}, "nodes.remind.chain", "one channel only"),
        ({"nodes__send1__chain__2__next_on": ["refused"]}, "nodes.send1.chain[2].next_on", "no next one"),
        ({"nodes__send1__chain__2__accept_within": "2 hours"}, "nodes.send1.chain[2].accept_within", "at once"),
        ({"nodes__send1__chain__0__next_on": ["not_friend"]}, "nodes.send1.chain[0].next_on[0]", "wecom"),
        ({"entry__reentry": {"when": "never", "cooldown": "3 days"}}, "entry.reentry.cooldown", "no effect"),
        ({"entry__reentry": {"parallel": 3}}, "entry.reentry.parallel", "did you mean when: always?"),
        ({"params__more": 3}, "params.more", "nothing in this journey uses it"),
        ({"max_life": "7 days", "nodes__wait3__for": "4 days", "nodes__check__else": "longer",
          "nodes__longer": {"do": "wait", "for": "5 days", "next": "remind"}}, "max_life", "9 days"),
    ],
)  # fmt: skip
def test_advice_keeps_nothing_from_being_published(changes: dict[str, Any], place: str, words: str) -> None:
    body = cart(**changes)
    if "goal" in changes:
        del body["nodes"]["wait3"]["until"]
    assert faults(body) == {}
    found = advice(body)
    assert place in found and words in found[place], found


def test_a_control_arm_that_gets_messages() -> None:
    body = cart(nodes__wait3__next="arms")
    body["nodes"]["arms"] = {
        "do": "split",
        "arms": [
            {"name": "control", "weight": 1, "control": True, "next": "check"},
            {"name": "treated", "weight": 9, "next": "check"},
        ],
    }
    assert "no control then" in advice(body)["nodes.arms.arms[0]"]


def test_a_loop_that_sends_without_a_wait() -> None:
    body = cart(nodes__remind__next="again", nodes__remind__else="again")
    body["nodes"]["again"] = {"do": "repeat", "back": "remind", "max": 3, "next": "end_done"}
    assert "go out at once" in advice(body)["nodes.again.back"]
    body["nodes"]["again"]["back"] = "pause"
    body["nodes"]["pause"] = {"do": "wait", "for": "1 day", "next": "remind"}
    body["nodes"]["check"]["else"] = "pause"
    assert "nodes.again.back" not in advice(body)
