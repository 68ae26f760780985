"""Faults of policies and broadcasts in Chinese; what they share with conditions is there."""

from __future__ import annotations

from typing import Final

from onepool.audience.conditions.bilingual import Catalogue
from onepool.audience.tags.chinese import TAGS

REACH: Final = Catalogue((
    (r"there is no channel that carries messages (\S+)", "没有可以发消息的渠道 {0}"),
    (r"there is no message of (\S+) (\S+)", "渠道 {0} 没有 {1} 这种消息"),
    (r"there is no touchpoint (\S+) of channel (\S+)", "渠道 {1} 没有触点 {0}"),
    (r"there is no touchpoint of channel (\S+)", "渠道 {0} 还没有触点，请先接入"),
    (r"there is no calendar (\S+); write a country's ISO code such as CN", "没有日历 {0}，应写国家代码，例如 CN"),
    (r"it begins and ends at the same time: nothing would be quiet", "开始和结束是同一时刻：等于没有免打扰"),
    (r"a time such as \"09:30\" is wanted, in quotes", "应为 \"09:30\" 这样的时刻，并加引号"),
    (r"local_day, or rolling with days or hours .* is wanted",
     "应为 local_day，或按天、小时的 rolling，例如 rolling 7 days"),
    (r"(\S+) carries no messages", "渠道 {0} 不能发消息"),
    (r"message (\S+) has (\d+) contents for (\S+): name one", "消息 {0} 在渠道 {2} 有 {1} 份内容，请选一份"),
    (r"message (\S+) has none for (\S+)", "消息 {0} 没有渠道 {1} 的内容"),
    (r"content (\S+) is for channel (\S+)", "内容 {0} 用于渠道 {1}"),
    (r"variable (\S+) comes from (\S+), which only a journey has: give it a default",
     "变量 {0} 取自 {1}，只有旅程里才有：请给它默认值"),
    (r"message (\S+) can't be used: (.+)", "消息 {0} 现在不能用：{1:said}"),
    (r"one of segment, list and who is wanted", "受众选一种：人群、名单或条件"),
), TAGS)  # fmt: skip
