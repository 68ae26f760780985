"""Reasons and steps in words, Chinese and English."""

from __future__ import annotations

from onepool.clock import from_micros
from onepool.identity.read.explain import Reason, Step
from onepool.identity.read.preview_types import Warned
from onepool.identity.registry import Registry
from onepool.standards import Standard
from onepool.standards.model import Title


class Words:
    """Texts under one standard, which knows what identifier types are called, and the rules in force."""

    def __init__(self, standard: Standard, registry: Registry) -> None:
        self._standard = standard
        self._registry = registry

    def kind(self, name: str) -> Title:
        """What a type of identifiers is called."""
        known = self._standard.identifier_types.get(name)
        title = known.title if known else {}
        zh = title.get("zh") or title.get("en") or name
        return {"zh": zh, "en": title.get("en") or zh}

    def limit(self, detail: str) -> Title:
        """A slot, written type@scope, in words: 微信 UnionID（wx-open）."""
        name, _, scope = detail.partition("@")
        kind = self.kind(name)
        if not scope:
            return kind
        return {"zh": f"{kind['zh']}（{scope}）", "en": f"{kind['en']} ({scope})"}

    def conflict(self, reason: str) -> Title:
        """Why a link was rejected, from the reason as the state has it: limit:unionid@wx-open, name, size, never."""
        code, _, detail = reason.partition(":")
        if code == "limit":
            name, _, _ = detail.partition("@")
            most = self._registry.rule(name).max_per_customer
            what = self.limit(detail)
            return {
                "zh": f"合并后{what['zh']}会超过每位客户的上限" + (f"（{most} 个）" if most else ""),
                "en": f"one customer would have more than {most or 'the allowed number'} of {what['en']}",
            }
        return _CONFLICTS.get(code, _CONFLICTS["size"])

    def reason(self, reason: Reason) -> Title:
        """One reason why two customers are two."""
        if reason.code in ("limit", "name", "unproved", "size") or (reason.code == "never" and reason.decision is None):
            return self.conflict(f"{reason.code}:{reason.detail}" if reason.detail else reason.code)
        if reason.via is not None:
            what = self.kind(reason.via.type)
            if reason.code == "recycled" and reason.via.valid_from is not None:
                day = from_micros(reason.via.valid_from).date().isoformat()
                return {
                    "zh": f"{what['zh']}自 {day} 起换了使用者",
                    "en": f"{what['en']}: it has had another owner since {day}",
                }
            zh, en = _SHARED.get(reason.code, _SHARED["shared"])
            return {"zh": zh.format(what["zh"]), "en": en.format(what["en"])}
        if reason.code == "never" and reason.decision is not None:
            by = reason.decision
            day = by.at.date().isoformat()
            if by.kind == "split":
                return {"zh": f"{by.author} 于 {day} 将两者拆分", "en": f"{by.author} split them on {day}"}
            return {"zh": f"{by.author} 于 {day} 判定永不合并", "en": f"{by.author} ruled on {day}: never one"}
        if reason.code == "candidate":
            share = f"{reason.candidate.probability:.1%}"
            zh, en = _CANDIDATES.get(reason.detail, _CANDIDATES["open"])
            return {"zh": zh.format(share), "en": en.format(share)}
        zh, en = _PLAIN[reason.code]
        return {"zh": zh, "en": en}

    def step(self, step: Step) -> Title:
        """One step of a path."""
        link = step.link
        if link.decision is not None:
            by = step.decision.author if step.decision else f"#{link.decision}"
            day = from_micros(link.first_time).date().isoformat()
            return {"zh": f"{by} 于 {day} 人工合并", "en": f"merged by {by} on {day}"}
        a, b = self.kind(step.source.type), self.kind(step.target.type)
        if link.confidence is not None:
            return {
                "zh": f"{a['zh']}与{b['zh']}：模型判断为同一人（概率 {link.confidence:.1%}）",
                "en": f"{a['en']} and {b['en']}: one person by the model (probability {link.confidence:.1%})",
            }
        verb = _FOLLOWS if link.status == "follows" else _SEEN
        return {
            "zh": verb["zh"].format(a["zh"], b["zh"], link.touchpoint, link.count),
            "en": verb["en"].format(a["en"], b["en"], link.touchpoint, link.count),
        }

    def warning(self, warned: Warned) -> Title:
        """What a preview warns of."""
        zh, en = _WARNINGS[warned.code]
        what = self.limit(warned.detail) if warned.code == "limit" else {"zh": warned.detail, "en": warned.detail}
        return {"zh": zh.format(what["zh"]), "en": en.format(what["en"])}


_SEEN = {"zh": "{0}与{1}在触点 {2} 一同出现 {3} 次", "en": "{0} and {1} came together at {2}, {3} times"}
_FOLLOWS = {
    "zh": "{0}与{1}在触点 {2} 一同出现 {3} 次，归属最近登录的人",
    "en": "{0} and {1} came together at {2}, {3} times; it goes to whoever signed in last",
}
_CONFLICTS: dict[str, Title] = {
    "unproved": {
        "zh": "只凭填写的手机号或邮箱、又没有一致的姓名（昵称、备注不算），不能合并两个账号",
        "en": "a phone or e-mail address that was only typed joins two accounts when a name (no nick name, no remark) "
        "agrees as well",
    },
    "name": {"zh": "两边的姓名不可能是同一人", "en": "the names on both sides can't be one person's"},
    "size": {
        "zh": "合并后的标识数超过单个客户的上限",
        "en": "one customer would have more identifiers than are allowed",
    },
    "never": {"zh": "人工判定永不合并", "en": "people ruled that they are never one"},
}
_SHARED = {
    "void": (
        "两边都关联同一个{0}，但它关联的客户过多，不再用于合并",
        "both have the same {0}, which names too many customers to join any",
    ),
    "blocked": ("两边都关联同一个{0}，但它已被屏蔽", "both have the same {0}, which is blocked"),
    "withdrawn": ("两边都关联同一个{0}，但授权已撤回", "both have the same {0}, but consent was withdrawn"),
    "no_consent": ("两边都关联同一个{0}，但没有关联授权", "both have the same {0}, but without consent to join"),
    "cut": ("两边都关联同一个{0}，但该关联已被人工剪断", "both have the same {0}, but people cut that link"),
    "shared": ("两边都与第三位客户的{0}有关联", "both have evidence with a third customer's {0}"),
}
_CANDIDATES = {
    "open": (
        "模型认为可能是同一人（概率 {0}），待审核",
        "the model finds them alike (probability {0}); it waits for review",
    ),
    "gone": (
        "模型曾认为可能是同一人（概率 {0}），现低于阈值",
        "the model found them alike (probability {0}); no longer",
    ),
    "never": ("模型认为相似（概率 {0}），人工已否决", "the model finds them alike (probability {0}); people said no"),
}
_PLAIN = {
    "recycled": ("两边先后使用过同一个值", "both had the same value, one after the other"),
    "cut": ("两者间的关联已被人工剪断", "people cut the link between them"),
    "void": ("关联所用的值对应的客户过多，不再用于合并", "the link's value names too many customers to join any"),
    "blocked": ("关联所用的值已被屏蔽", "the link's value is blocked"),
    "withdrawn": ("客户撤回了关联授权", "consent to join was withdrawn"),
    "no_consent": (
        "该触点的数据需要授权才能关联，尚无授权",
        "this touchpoint's data joins with consent only; there is none",
    ),
    "unused": ("两个弱标识之间的关联不用于合并", "a link between two weak identifiers joins nobody"),
    "retired": ("该关联已被取代", "the link was superseded"),
    "ended": (
        "该值当时属于前一位使用者，或结论尚未更新",
        "the value was somebody else's then, or the tick is yet to conclude",
    ),
    "no_evidence": ("没有任何证据表明两者是同一人", "there is no evidence that they are one"),
}
_WARNINGS = {
    "limit": ("合并后{0}会超过每位客户的上限", "one customer would have more {0} than are allowed"),
    "name": ("两边的姓名不可能是同一人", "the names on both sides can't be one person's"),
    "size": ("合并后的标识数超过单个客户的上限", "one customer would have more identifiers than are allowed"),
    "never": ("此前有人判定两者永不合并", "people ruled before that they are never one"),
    "no-effect": ("不会有任何变化", "nothing would change"),
    "stopped": ("已有判定阻止此操作，结果不会改变", "an earlier decision stands against it; nothing would change"),
    "overrules": ("将推翻此前的人工判定", "it overrules an earlier decision"),
}
