"""What the words of a definition are called for people."""

from __future__ import annotations

from collections.abc import Mapping

from onepool.reach.words import REASONS

# What a key of a definition is called: (Chinese, English).
KEYS: Mapping[str, tuple[str, str]] = {
    "name": ("名称", "name"), "note": ("备注", "note"), "folder": ("文件夹", "folder"), "group": ("互斥组", "group"),
    "params": ("参数", "parameters"), "zone": ("时区", "time zone"), "entry": ("进入", "entry"),
    "experiment": ("实验", "experiment"), "policy": ("触达策略", "policy"), "goal": ("目标", "goal"),
    "exit": ("退出", "exits"), "max_life": ("最长停留", "longest life"), "start": ("第一步", "first step"),
    "next": ("下一步", "next"), "else": ("否则", "otherwise"), "on_event": ("事件发生后", "when it happens"),
    "back": ("回到", "back to"), "message": ("消息", "message"), "chain": ("渠道顺序", "channels"),
    "guard": ("发送前再确认", "asked again before"), "retry": ("重试", "retries"), "category": ("类目", "category"),
    "expire_after": ("过期", "expires after"), "fresh": ("数据新鲜度", "freshness"), "for": ("等待", "waits"),
    "until": ("直到", "until"), "date": ("日期", "date"), "time": ("时刻", "time of day"),
    "weekdays": ("星期", "weekdays"), "max": ("上限", "at most"), "cases": ("条件", "cases"), "arms": ("分组", "arms"),
    "salt": ("随机种子", "salt"), "batch": ("券批次", "coupon batch"), "save": ("存为", "saved as"),
    "set": ("写入", "writes"), "title": ("标题", "title"), "body": ("内容", "content"), "staff": ("员工", "associate"),
    "within": ("期限", "within"), "touchpoint": ("触点", "touchpoint"), "journey": ("旅程", "journey"),
    "wait": ("等待结束", "waits for its end"), "while": ("循环条件", "while"), "as": ("结束原因", "ends as"),
    "do": ("类型", "kind"), "quiet": ("免打扰", "quiet hours"), "caps": ("频次上限", "caps"),
    "purpose": ("授权用途", "purpose"), "cooldown": ("冷却", "cool-down"), "runs": ("次数", "runs"),
    "per": ("每", "per"),
    "parallel": ("同时", "at a time"), "when": ("规则", "rule"), "holdout": ("对照组", "holdout"),
    "respect_global_control": ("遵守全局对照组", "respects the global control"), "from": ("取自", "from"),
    "default": ("默认", "default"), "per_second": ("每秒", "per second"), "per_day": ("每天", "per day"),
    "key": ("区分同一客户的多次进入", "runs told apart by"), "eligible": ("进入条件", "only those who"),
    "reentry": ("再次进入", "again"), "rate": ("放行速度", "let in at most"), "priority": ("优先级", "priority"),
    "hold": ("先等", "holds first"), "unless": ("其间没有", "unless"),
    "backfill": ("已在人群中的也进入", "those in it already"),
    "offset": ("提前或推后", "offset"), "every": ("每年", "each year"), "who": ("客户", "customers"),
    "segment": ("人群", "segment"), "fields": ("字段", "fields"), "did": ("事件", "event"),
    "at": ("渠道或触点", "place"),
    "where": ("字段条件", "where"), "then": ("达成后", "then"), "before": ("到达之前", "before"),
    "channel": ("渠道", "channel"), "kind": ("消息类型", "kind of message"), "template": ("内容", "content"),
    "accept_within": ("等待确认", "confirmed within"), "unknown": ("结果不明时", "when the outcome is unknown"),
    "next_on": ("换下一渠道的原因", "the next channel after"), "on": ("重试的原因", "tried again after"),
    "backoff": ("重试间隔", "back-off"), "identity": ("最多多旧", "at most so old"),
    "on_hit": ("遇到时", "when hit"), "max_defer": ("最多延后", "deferred at most"), "count": ("条数", "messages"),
    "scope": ("范围", "scope"), "weight": ("权重", "weight"), "control": ("对照", "control"),
    "attribute": ("属性", "attribute"), "var": ("变量", "variable"), "to": ("到", "to"),
}  # fmt: skip

# Words of definitions that stand for themselves in English.
VALUES: Mapping[str, str] = {
    "promotion": "营销", "service": "服务", "transactional": "事务", "defer": "顺延", "skip": "跳过", "ignore": "照发",
    "never": "每位客户一次", "after_exit": "结束后可再次进入", "always": "每次都进入",
    "resend": "重发", "query": "查询", "drop": "放弃", "exit": "退出", "continue": "继续",
    "all": "全部", "channel": "渠道", "journey": "旅程",
    **{name: words["zh"] for name, words in REASONS.items()},
}  # fmt: skip
SCOPES = {"all": "全部触达", "category": "同类目", "channel": "同渠道", "journey": "本旅程"}


def key_title(key: str, zh: bool) -> str:
    """What a key is called."""
    return KEYS.get(key, (key, key))[0 if zh else 1]
