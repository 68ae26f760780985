"""Decisions of journeys and what became of messages, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, get_args

from onepool.audience.conditions.names import Context
from onepool.channels import registry
from onepool.channels.base.receipts import Reason

Title: TypeAlias = dict[str, str]
"""A text by language: zh, en."""


def title(zh: str, en: str) -> Title:
    return {"zh": zh, "en": en}


REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "not_follower": ("未关注公众号", "does not follow the account"),
    "not_friend": ("没有企业微信好友关系", "is no contact of an associate"),
    "refused": ("客户已拒收或退订", "the customer refused such messages"),
    "no_consent": ("没有该用途的授权", "has not consented to this purpose"),
    "bad_address": ("没有可用的地址或地址失效", "has no live address"),
    "over_limit": ("超过平台限制", "over a limit of the platform"),
    "capped": ("频次已达上限", "over a cap"),
    "quiet_skipped": ("在免打扰时段，不再补发", "in quiet hours, and not worth sending later"),
    "control": ("属于全局对照组", "is in the global control group"),
    "expired": ("已过有效期，不再发送", "too old to be sent"),
    "goal_reached": ("目标已达成，取消发送", "cancelled: the goal was reached"),
    "ended": ("旅程已结束，取消发送", "cancelled: the run had ended"),
    "guard_false": ("发送前再确认不通过", "the condition asked before sending did not hold"),
    "template_error": ("内容或模板有误", "the content or its template is wrong"),
    "account_error": ("账号或凭证异常", "something is wrong with the account"),
    "rate_limited": ("被平台限流", "the platform took no more at the moment"),
    "transient": ("平台临时故障", "the platform failed for the moment"),
    "staff_timeout": ("导购未在期限内确认", "no associate confirmed it in time"),
    "unknown": ("结果未知", "whether it went out is not known"),
    "no_stock": ("券已发完", "no coupon was left"),
    "erased": ("客户信息已删除", "the customer was erased"),
}
assert set(REASONS) == set(get_args(Reason))

ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "goal": ("达成目标", "reached the goal"),
    "completed": ("走完全程", "completed"),
    "holdout": ("留作对照，不发送", "held out for comparison"),
    "ineligible": ("不符合进入条件", "not eligible"),
    "unreachable": ("所有渠道都无法触达", "could not be reached over any channel"),
    "expired": ("超过最长停留时间", "over the longest life"),
    "stopped": ("旅程被停止", "the journey was stopped"),
    "error": ("出错", "an error"),
    "merged": ("客户合并，由另一次运行继续", "merged: another run of the same person goes on"),
    "erased": ("客户信息已删除", "the customer was erased"),
    "coupon_unavailable": ("无券可发", "no coupon to give"),
}

EXITS: Final[Mapping[str, tuple[str, str]]] = {
    "paid_without_coupon": ("没用券就付款了", "paid without the coupon"),
    "withdrawn": ("撤回了同意", "withdrew consent"),
    "unfollowed": ("取消关注", "unfollowed"),
    "left_the_stage": ("离开了这个阶段", "left the stage"),
}
"""Exits of the programmes that come with the product; others are called by the name that their author gave."""

REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "eligible": ("不符合进入资格", "the condition of eligibility did not hold"),
    "reentry": ("每位客户只进入一次", "each customer enters once only"),
    "parallel": ("已有一次运行未结束", "another run was still live"),
    "cooldown": ("仍在冷却期", "still cooling down after the last entry"),
    "max": ("进入次数已达上限", "entered as often as allowed"),
    "group": ("同一互斥组的其他旅程进行中", "another journey of the same group was live"),
    "not_qualified": ("等待期内发生了排除事件", "what it was held for happened in time"),
    "where": ("事件不符合条件", "the event did not match"),
    "place": ("事件来自其他渠道或触点", "the event came from another channel or touchpoint"),
    "before": ("发生在旅程发布之前", "it happened before the journey took entries"),
    "late": ("事件到达太晚", "it came in too late"),
    "paused": ("旅程未在接收进入", "the journey took no entries then"),
}

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "deferred": ("推迟发送", "put off"),
    "queued": ("等待发送", "waiting to be sent"),
    "claimed": ("正在发送", "being sent"),
    "retry": ("等待重试", "to be tried again"),
    "task": ("等待导购确认", "waiting for an associate"),
    "unknown": ("结果未知", "not known whether it went out"),
    "accepted": ("渠道已接收", "accepted"),
    "delivered": ("已送达", "delivered"),
    "read": ("已读", "read"),
    "clicked": ("已点击", "clicked"),
    "suppressed": ("未发送", "not sent"),
    "failed": ("发送失败", "failed"),
    "bounced": ("退回", "bounced"),
    "cancelled": ("已取消", "cancelled"),
}

EDGES: Final[Mapping[str, tuple[str, str]]] = {
    "next": ("继续", "went on"),
    "else": ("走“否则”", "took the other way"),
    "on_event": ("等到了事件", "what was waited for happened"),
    "back": ("回到循环起点", "went back to the start of the loop"),
    "enter": ("进入旅程", "entered"),
    "held": ("等待确认后进入", "held before the start"),
    "goal": ("达成目标，继续进行", "reached the goal and went on"),
    "moved": ("离开旧版本", "left the old version"),
    "arrived": ("转入新版本", "moved to the new version"),
    "holdout": ("留作对照，不发送", "held out for comparison: gets nothing"),
    "not_qualified": REFUSED["not_qualified"],
}

CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "calling": ("已调用，尚无结果", "called, no answer yet"),
    "sent": ("平台已接收", "the platform accepted it"),
    "task": ("平台已建任务", "the platform made a task of it"),
    "refused": ("平台拒绝", "the platform refused it"),
    "retry": ("暂时失败，将重试", "failed for the moment, to be tried again"),
    "unknown": ("没有明确结果", "no clear answer"),
}


def reason_words(reason: str | None) -> Title:
    """A reason of the closed list."""
    return title(*REASONS.get(reason or "", (reason or "", reason or "")))


def named_words(ctx: Context, key: str) -> Title:
    """How people call an event or a field (`event:order_paid`, `field:amount`); by its name where it has no title."""
    name = key.partition(":")[2]
    said = ctx.names.titles.get(key, {})
    return title(said.get("zh") or name, said.get("en") or name)


def end_words(reason: str) -> Title:
    """Why a run ended."""
    if reason.startswith("exit:"):
        name = reason.removeprefix("exit:")
        zh, en = EXITS.get(name, (name, name))
        return title(f"退出：{zh}", f"left: {en}")
    return title(*ENDS.get(reason, (reason, reason)))


def refused_words(why: str) -> Title:
    """Why nothing was started."""
    return title(*REFUSED.get(why, (why, why)))


def edge_words(edge: str, detail: str | None) -> Title:
    """What a step of a run was."""
    if edge.startswith("end:"):
        said = end_words(edge.removeprefix("end:"))
        return title(f"结束：{said['zh']}", f"ended: {said['en']}")
    if edge.startswith("refused:"):
        said = refused_words(edge.removeprefix("refused:"))
        return title(f"未进入：{said['zh']}", f"did not enter: {said['en']}")
    if edge.startswith("cases["):
        number = int(edge[6:-1]) + 1
        return title(f"符合第 {number} 个条件", f"condition {number} held")
    if edge.startswith("arms["):
        return title(f"分到“{detail or edge}”组", f"fell into the group {detail or edge}")
    if edge == "hop":
        return hop_words(detail)
    zh, en = EDGES.get(edge, (edge, edge))
    if detail and edge in ("next", "else"):
        why = reason_words(detail) if detail in REASONS else title(detail, detail)
        return title(f"{zh}（{why['zh']}）", f"{en} ({why['en']})")
    return title(zh, en)


def hop_words(detail: str | None) -> Title:
    """What became of one hop of a chain of channels; `detail`: channel, or channel:reason."""
    name, colon, reason = (detail or "").partition(":")
    channel = channel_words(name)
    if not colon:
        return title(f"计划通过{channel['zh']}发送", f"planned over {channel['en']}")
    if reason in ("accepted", "None"):
        return title(f"{channel['zh']}：已接收", f"{channel['en']}: accepted")
    said = reason_words(reason)
    return title(f"{channel['zh']}：{said['zh']}", f"{channel['en']}: {said['en']}")


def channel_words(name: str) -> Title:
    """A channel by its title; one that is not installed (any more) by its name."""
    found = registry.find(name)
    return title(name, name) if found is None else title(found.manifest.title["zh"], found.manifest.title["en"])
