"""Faults of tags in Chinese; what they share with conditions is there."""

from __future__ import annotations

from typing import Final

from onepool.audience.conditions.bilingual import Catalogue
from onepool.audience.conditions.chinese import CONDITIONS

TAGS: Final = Catalogue((
    # expressions: each with the character at which it is
    (r"(.+) \(character (\d+)\)", "{0:said}（第 {1} 个字符）"),
    (r"there is no (input|tag|attribute|function) (\S+)", "没有{0:thing} {1}"),
    (r"the tag (\S+) is a list: its values can't be computed with", "标签 {0} 的值是列表，不能参与计算"),
    (r"the attribute (\S+) is (\w+): numbers, texts and true/false can be used",
     "属性 {0} 的类型是{1:kind}，这里只能用数字、文本和是非"),
    (r"(\w+) takes (\S+) values, not (\d+)", "{0} 需要 {1} 个参数，这里有 {2} 个"),
    (r"(\w+) takes (\d+) or more values, not (\d+)", "{0} 至少需要 {1} 个参数，这里有 {2} 个"),
    (r"(\w+) takes (\d+) to (\d+) values, not (\d+)", "{0} 需要 {1} 到 {2} 个参数，这里有 {3} 个"),
    (r"round wants a whole number of digits, 0 to 9", "round 的位数应为 0 到 9 的整数"),
    (r"(\w+) can't stand inside of another comparison with all customers", "{0} 不能放在另一个全体客户比较函数里面"),
    (r"a (\w+) is wanted here, this is a (\w+)", "这里需要{0:kind}，给的是{1:kind}"),
    (r"these must be of one type: (.+)", "这几个值的类型要一致：{0}"),
    (r"`(.*)` can't stand here", "这里不能写 `{0}`"),
    (r"`(.*)` can't stand here: an operator is wanted before it", "`{0}` 前面缺少运算符"),
    (r"`(.*)` can't stand here: a value is wanted", "这里不能写 `{0}`，应为一个值"),
    (r"it ends too early", "表达式没有写完"),
    (r"`(.*)` is not known here: tag\.NAME, .*", "不认识 `{0}`：应写 tag.名称、attribute.名称 或输入项的名称"),
    (r"nested too deeply", "嵌套太深"),
    (r"the expression is too long", "表达式太长"),
    (r"`(.*)` is wanted here", "这里缺少 `{0}`"),
    (r"it gives true or false: write if\(.*", "结果是“是/否”：请写成 if(…, 'yes', 'no')"),
    (r"a text alone is no formula: .*", "只有文本不是公式：请改用属性标签或状态标签"),
    (r"only numbers are cut into layers", "只有数字才能分层"),
    (r"only numbers are cut into layers: write type: number", "只有数字才能分层：请写 type: number"),
    (r"the expression does not use it", "表达式没有用到它"),
    # what a tag may say, its files, its times
    (r"(\S+) is personal: it is shown masked, and what a tag says is not",
     "{0} 是个人信息：别处会遮掩显示，而标签的值不会"),
    (r"nobody is known by any of these (\S+): the tag would be emptied", "没有一个客户有这些 {0}：标签会被清空"),
    (r"(\S+) is larger than (\d+) MB", "{0} 超过 {1} MB"),
    (r"(\S+) is no text in UTF-8", "{0} 不是 UTF-8 文本"),
    (r"(\S+) is no CSV", "{0} 不是 CSV 文件"),
    (r"(\S+) is no YAML", "{0} 不是 YAML 文件"),
    (r"say a day of the month or days of the week, not both: crontab takes either, not the two",
     "请只写每月几号或星期几之一：crontab 取其一，而不是同时满足"),
    # SQL
    (r"(.+) \((?:the views are|they are): (.+)\)", "{0:said}；可以读取的视图有 {1}"),
    (r"the query is longer than (\d+) characters", "查询超过 {0} 个字符"),
    (r"the query is nested too deeply", "查询嵌套太深"),
    (r"this is not SQL as OnePool reads it: (.+)", "不是能识别的 SQL：{0}"),
    (r"give exactly one SELECT.*", "只能写一条 SELECT，分号后面不能再有语句"),
    (r"only SELECT may run.*", "只能运行 SELECT，数据池是只读的"),
    (r"(\w+) may not be used(?:: .+)?(?: \(.*\))?", "不能使用 {0}：只能用 SELECT 读取视图"),
    (r"write functions as name\(value\)(?:: (.+))?", "函数应写作 name(value)：{0}"),
    (r"table functions may not be used(?:: ([^()]+(?:\(.*?\))?))?(?: \(read.*\))?",
     "不能使用表函数，只能读取视图：{0}"),
    (r"only the views may be read(?:: (.+))?", "只能读取视图：{0}"),
    (r"the function (\S+) may not be used(?:: .+)?", "不能使用函数 {0}"),
    (r"there is no view (\S+?)(?:: (.+))?", "没有视图 {0}"),
    (r"the instant is :as_of, so that .*", "时刻请用 :as_of：这样补算过去的日期时结果一致"),
    (r"a column called (\w+) is wanted: (.+)", "缺少名为 {0} 的列：{1}"),
    # attributes, figures, preferences
    (r"makes sense only with a map", "有映射表时才有意义"),
    (r"a field of the event itself is wanted, not of its items", "应为事件本身的字段，不能是商品明细的字段"),
    (r"field and of must both be of items, or both of the event",
     "field 和 of 要么都是商品明细的字段，要么都是事件的字段"),
    (r"score: sum and from\.of go together", "按合计计分（score: sum）要写 from.of，只有它才写"),
    (r"a half-life is a fixed span: days, not months", "半衰期要用天数，不能用月"),
    (r"weights are above 0 and for events of `did`", "权重要大于 0，且只能给 did 里的事件"),
    (r"a metric is made of one event; make a ratio or a state of several",
     "统计标签只用一个事件；多个事件请用比值或状态"),
    (r"the tag can be (.+), which its values do not have", "标签可能取值 {0}，但取值列表里没有"),
    (r"one event is wanted", "应为一个事件"),
    (r"a percentile lies between 0 and 100", "百分位在 0 和 100 之间"),
    (r"one event says what a purchase is", "用一个事件说明什么算购买"),
    # layers
    (r"there must be one label more than cuts", "层的名称要比分界点多一个"),
    (r"the cuts must rise", "分界点要从小到大"),
    (r"percents lie between 0 and 100", "百分比在 0 和 100 之间"),
    (r"places are whole numbers from 1", "名次是从 1 开始的整数"),
    (r"by: value and at go together", "按数值（by: value）要写分界点 at，只有它才写"),
    (r"a mean makes two parts, not five: .*", "平均数只能分成两份，分五份请用 by: rank 或 by: value"),
    (r"8 cells want one cut of each, 125 cells four", "8 格每项一个分界点，125 格每项四个"),
    (r"labels are by cell: three figures of (\d+), such as (\d+)", "名称按格写：由 {0} 组成的三位数，例如 {1}"),
    # sequences and models
    (r"valid_for and the spans before it are fixed: days, not months", "有效期和前面的时长要用天数，不能用月"),
    (r"valid_for looks at the time of the last step: leave out where\.time",
     "有效期看最后一步的时间，请去掉 where.time"),
    (r"(\S+) is a span of at least a day, in days or weeks", "{0} 至少一天，用天或周"),
    (r"period goes with fit: bg_bb, and only with it", "period 只与 fit: bg_bb 一起写"),
    (r"money can be predicted only with from\.sum: .*", "预测金额要写 from.sum：存金额的字段"),
    (r"the target is made of did and did_not without `within`", "目标由“做过”“没做过”组成，不写时间范围"),
    (r"`last` makes no sense of what is to come", "对将来的事，“最近一次”没有意义"),
    (r"two to twelve clusters are wanted, the smaller number first", "分群数为 2 到 12，小的写在前面"),
    (r"clusters are not cut into layers", "分群标签不再分层"),
    (r"the window is one that moves on: .*", "应为随时间移动的范围：within: {{last: 90 days}}"),
    # schedules, names, files
    (r"five fields are wanted: .*", "日程要写五段：分 时 日 月 周，例如 `0 3 * * *`"),
    (r"not a crontab: (.*)", "不是有效的 crontab：{0}"),
    (r"the range (\S+) ends before it begins", "范围 {0} 的结束早于开始"),
    (r"a crontab text is wanted, such as .*", "应为 crontab，例如 `0 3 * * *`"),
    (r"`(\w+)` is the name of a column of every result", "`{0}` 是每个结果都有的列名，请换一个名称"),
    (r"a path of at most four names is wanted, such as .*", "分类路径最多四级，例如 `value/spending`"),
    (r"a map file can't be read here; write the map itself", "这里不能读取映射文件，请直接写映射表"),
    (r"(\S+) lies outside the workspace", "{0} 不在工作区内"),
    (r"(\S+) can't be read: (.+)", "读不了 {0}：{1}"),
    (r"(\S+) is no mapping", "{0} 不是键值结构"),
    (r"(\S+) needs two columns: value, mapped value", "{0} 要有两列：原值、映射值"),
    (r"the name stays (\S+)", "名称不能改，仍为 {0}"),
), CONDITIONS)  # fmt: skip


def both(message: str) -> str:
    """What a checker of conditions and tags says, in Chinese and English."""
    return TAGS.both(message)
