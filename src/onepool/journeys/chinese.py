"""Faults and advice about journeys in Chinese; what they share with conditions and tags is there."""

from __future__ import annotations

from typing import Final

from onepool.audience.conditions.bilingual import Catalogue
from onepool.audience.tags.chinese import TAGS

JOURNEYS: Final = Catalogue((
    # names
    (r"there is no node (\S+)", "没有节点 {0}"),
    (r"there is no time zone (\S+); write one like Asia/Shanghai", "没有时区 {0}，应写作 Asia/Shanghai 这样"),
    (r"there is no touchpoint of channel (\S+): connect one first", "渠道 {0} 还没有触点，请先接入"),
    (r"there is no message of (\S+) of kind (\S+)", "渠道 {0} 没有 {1} 这种消息"),
    (r"there is no content of the message (\S+) called (\S+)", "消息 {0} 没有名为 {1} 的内容"),
    (r"the journey has no parameter (\S+)", "旅程没有参数 {0}"),
    (r"the event that starts this journey has no (\S+)", "触发这个旅程的事件没有 {0}"),
    (r"nothing in this journey saves a variable (\S+)", "旅程里没有节点保存变量 {0}"),
    (r"(\S+) is not saved yet on every way to (\S+): save it before, or give a default",
     "到达 {1} 的某些路径上还没有保存 {0}：请先保存，或在消息里给默认值"),
    # the graph
    (r"the nodes go round in a circle: (.+); only a repeat node leads back",
     "节点连成了环：{0}；只有“循环”节点可以往回走"),
    (r"no way from (\S+) leads here: connect it or take it out", "从 {0} 出发到不了这里：请连上或删掉"),
    (r"(\S+) does not lead to (\S+): a repeat goes back to a node before it", "{0} 走不到 {1}：循环要回到它之前的节点"),
    # entries
    (r"say who enters: either segment or who \(a condition\)", "请说明谁进入：人群（segment）或条件（who）二选一"),
    (r"only runs that an event or the API starts are told apart by a key", "只有由事件或接口触发的旅程才用 key 区分"),
    (r"a field of the event that starts the run is wanted, such as (\S+)", "应为触发事件的字段，例如 {0}"),
    (r"an instant such as (\S+) is wanted", "应为一个时刻，例如 {0}"),
    (r"an attribute is wanted, such as (\S+)", "应为一个属性，例如 {0}"),
    (r"the attribute (\S+) is (\w+): a date or a time is wanted", "属性 {0} 的类型是 {1}，这里需要日期或时间"),
    (r"the attribute (\S+) holds no texts such as Asia/Shanghai", "属性 {0} 存的不是 Asia/Shanghai 这样的时区"),
    (r"at most a year before or after is possible", "最多提前或推后一年"),
    (r"an offset such as -7 days, 2 hours or 1 month is wanted", "应为 -7 days、2 hours、1 month 这样的偏移"),
    (r"has no effect with when: (\w+)", "when 是 {0} 时不起作用"),
    # messages
    (r"the message (\S+) is (\w+): sent as (\w+) it would pass by .*",
     "消息 {0} 是 {1} 类：按 {2} 发送会绕过它应有的授权、频次和免打扰"),
    (r"nothing leads on to (\S+): name the reasons after which it is tried", "到不了 {0}：请列出哪些原因后换到它"),
    (r"this is the last channel of the chain: there is no next one to try", "这已是最后一个渠道，没有下一个可换"),
    (r"say which kind of message: one of (.+)", "请选择消息类型：{0}"),
    (r"(\S+) is sent by an associate: say who", "{0} 由导购发送：请指定员工"),
    (r"(\S+) waits for somebody to confirm it: say how long", "{0} 要等员工确认：请写最多等多久"),
    (r"(\S+) is sent at once: nobody has to confirm it", "{0} 立即发送，不需要有人确认"),
    (r"(\S+) of (\S+) could be delivered twice: the platform does not hold back a second one",
     "{1} 的 {0} 可能送达两次：平台不会拦下重复的一条"),
    (r"(\S+) can't be asked what became of a message", "渠道 {0} 不能查询发送结果"),
    (r"(\S+) holds for every channel: no other one can help", "{0} 对所有渠道都成立，换渠道没有用"),
    (r"(\S+) never says (\S+); (.+) do", "渠道 {0} 不会返回 {1}；会返回的是 {2}"),
    (r"(\S+) is sent at once and never says staff_timeout", "{0} 立即发送，不会返回 staff_timeout"),
    (r"(\S+) is of channel (\S+), not (\S+)", "触点 {0} 属于渠道 {1}，不是 {2}"),
    (r"(\S+) is for (channel|kind) (\S+), not (\S+)", "内容 {0} 用于 {2}，不是 {3}"),
    (r"say which content: the message has (.+) for (\S+)", "请选择内容：消息在渠道 {1} 有 {0}"),
    (r"the message (\S+) says nothing for (\S+); it has: (.+)", "消息 {0} 没有渠道 {1} 的内容，只有 {2}"),
    (r".*\((.+)\) may not carry marketing by the platform's rules; .*",
     "{0}：按平台规则不得用于营销，只能用于通知类内容，否则账号可能受限"),
    (r"one channel only: who can't be reached there gets nothing", "只有一个渠道：在那里触达不到的客户什么也收不到"),
    # nodes
    (r"say what is waited for: .*", "请说明等待什么：一段时间（for）、事件（until）、日期（date）或时刻（time）"),
    (r"a wait for an event needs a bound, after which it goes on without it", "等待事件要有期限，到期后不再等"),
    (r"a wait for a date needs a bound: it could be years away", "等待日期要有上限：它可能在几年以后"),
    (r"say where customers go who have no such date", "请说明没有这个日期的客户去哪里"),
    (r"can't stand beside (\w+); a bound of a date is called max", "不能与 {0} 同时写；日期的上限写作 max"),
    (r"has a meaning only beside (\w+)", "只有与 {0} 一起才有意义"),
    (r"(.+) can't stand together: a wait is for one of them", "{0} 不能同时写：一个等待只等一种"),
    (r"a day such as monday is wanted", "应为 monday 这样的星期"),
    (r"longer than a run lives \((.+)\): nobody would come out of it", "比旅程的最长停留（{0}）还长：没有人能走出来"),
    (r"runs live (.+) only", "旅程最长只停留 {0}"),
    (r"one of attribute and var is wanted", "attribute 和 var 二选一"),
    (r"the name of a batch is wanted, or a parameter that holds one", "应为优惠券批次的名称，或存有批次的参数"),
    (r"two arms are called (\S+)", "有两个分组都叫 {0}"),
    (r"(\S+) has a meaning of its own: call this end otherwise", "{0} 是系统保留的结束原因，请换一个名称"),
    (r"at most (\d+) characters", "最多 {0} 个字符"),
    (r"(\S+) tells who a customer is: a journey may not write it", "{0} 用来识别客户身份，旅程不能改写"),
    (r"(\S+) is computed: only tags of kind import can be written", "{0} 是计算出来的标签，只有导入类标签可以写入"),
    (r"(\S+) is (\w+): (.+) is none", "{0} 的类型是 {1}，{2} 不符合"),
    (r"(\S+) can't call itself; a repeat node leads back", "{0} 不能调用自己；要往回走请用“循环”节点"),
    (r"journeys call each other round in a circle: (.+)", "旅程互相调用成了环：{0}"),
    (r"journeys call each other (\d+) deep \((.+)\); (\d+) are allowed", "旅程互相调用了 {0} 层（{1}），最多 {2} 层"),
    # advice
    (r"without a goal nobody can say .*", "没有目标就无法判断效果，客户买过之后也不会退出"),
    (r"without a holdout the uplift can't be computed", "没有对照组就算不出提升"),
    (r"late messages would still go out after a standstill", "没有过期时间：系统停顿之后，迟到的消息仍会发出"),
    (r"promotional messages would go out at night", "营销消息会在夜间发出"),
    (r"(\S+) is none of the known purposes of consent: nobody may have agreed",
     "{0} 不是已知的授权用途，可能没有人授权过"),
    (r"the loop sends and has no wait: its messages would go out at once",
     "循环里有触达却没有等待：消息会一次全部发出"),
    (r"the control arm comes to a message: it is no control then", "对照分组走到了触达节点，就不再是对照了"),
    (r"the longest way waits (\S+) days: runs on it end as expired after (.+)",
     "最长的路径要等 {0} 天，而旅程最长停留 {1}：走这条路的客户会因超期结束"),
    (r"nothing in this journey uses it", "旅程里没有用到它"),
    # how it is written
    (r"a journey is written as a mapping", "旅程要写成键值结构"),
    (r"a node says in `do` one of (.+)", "节点的 do 应为：{0}"),
    (r"(an entry|an exit) needs one of (.+)", "需要其中之一：{1}"),
    (r"the id of a node is letters, digits and _, .*", "节点编号只能用字母、数字和下划线，字母开头，最多 63 个"),
    (r"the name (\S+) is not letters, digits and _ .*", "名称 {0} 只能用字母、数字和下划线，字母开头"),
    (r"a time such as \"09:30\" is wanted, in quotes", "应为 \"09:30\" 这样的时刻，并加引号"),
    (r"local_day or rolling 7 days is wanted", "应为 local_day 或 rolling 7 days"),
    (r"a rolling window is counted in days or hours, not in months", "滚动窗口按天或小时计，不能按月"),
    (r"a time such as 30s, 5m or 2h is wanted", "应为 30s、5m、2h 这样的时间"),
    (r"(.+); YAML reads yes, no, on and off as true or false: put it in quotes",
     "{0:said}；YAML 会把 yes、no、on、off 读成真假值：请加引号"),
), TAGS)  # fmt: skip


def chinese(message: str) -> str | None:
    """The same in Chinese; None where there is no counterpart."""
    return JOURNEYS.chinese(message)


def both(message: str) -> str:
    """Chinese and English, as the console takes them apart; English alone where there is no counterpart."""
    return JOURNEYS.both(message)
