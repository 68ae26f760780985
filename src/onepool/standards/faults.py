"""What can be wrong with a value or an item: stable rule codes, with words for people in both languages."""

from __future__ import annotations

from typing import Final

MOST_IDENTIFIERS: Final = 50
"""Identifiers of one item at most. Clients send a handful; all that an item carries are taken to be one person's."""

WIDE: Final = 10
"""Identifiers above which an item counts as a wide one."""

MOST_MEETINGS: Final = 1_000_000
"""Of one request, the sum of squares of identifiers over its items: what the work of linking them grows with. Beyond it
wide items are refused; 40,000 items of five identifiers, or 400 of fifty, are within it. When some of them are tried
again, only these count: of many, as many more come in at each time."""

RULES: Final[dict[str, tuple[str, str]]] = {
    "required": ("缺少必填字段 {field}", "the required field {field} is missing"),
    "type.text": ("{value} 不是文本", "{value} is not a text"),
    "type.id": ("{value} 不能作为编号", "{value} can't be an id"),
    "type.integer": ("{value} 不是整数", "{value} is not a whole number"),
    "type.number": ("{value} 不是数字", "{value} is not a number"),
    "type.money": ("{value} 不是金额", "{value} is not an amount of money"),
    "type.boolean": ("{value} 不是“是/否”", "{value} is not a yes or no"),
    "type.time": (
        "{value} 不是可识别的时间，请写成 2024-01-02T03:04:05+08:00",
        "{value} is not a time we can read; write 2024-01-02T03:04:05+08:00",
    ),
    "type.date": ("{value} 不是可识别的日期，请写成 2024-01-02", "{value} is not a date we can read; write 2024-01-02"),
    "type.text_list": ("{value} 不是文本列表", "{value} is not a list of texts"),
    "type.items": ("{value} 不是商品明细列表", "{value} is not a list of order lines"),
    "type.currency": ("{value} 不是币种代码，请写成 CNY", "{value} is not a currency; write a code like CNY"),
    "type.phone": ("不是有效的电话号码", "not a valid phone number"),
    "type.email": ("不是有效的邮箱地址", "not a valid e-mail address"),
    "type.gender": ("{value} 不是可识别的性别", "{value} is not a gender we can read"),
    "type.digest": (
        "不是摘要，应是 32 位（MD5）或 64 位（SHA-256）十六进制数字",
        "not a digest: 32 (MD5) or 64 (SHA-256) hexadecimal digits",
    ),
    "type.id_card": ("身份证号校验不通过", "the ID card number fails its check"),
    "change.add": (
        "不能累加：{value} 不是数字，或该属性不是数值型",
        "can't be added: {value} is not a number within ±9,000,000,000,000,000, or the attribute holds no numbers",
    ),
    "change.append": (
        "不能追加：{value} 不是文本列表，或该属性不是列表型",
        "can't be appended: {value} is not a list of texts, or the attribute holds no lists",
    ),
    "id_card.key": ("未配置摘要密钥，不能接收身份证号", "ID card numbers are only taken when a digest key is set"),
    "money.currency": (
        "金额写的是 {value}，币种字段却是 {currency}",
        "the amount says {value} but the currency field says {currency}",
    ),
    "value.unknown": ("{value} 不在允许的取值之内", "{value} is not among the allowed values"),
    "value.depth": ("嵌套超过 64 层", "it is nested deeper than 64 levels"),
    "touchpoint.mapping": ("触点的映射有误：{problem}", "the touchpoint's mapping is wrong: {problem}"),
    "time.future": ("发生时间晚于接收时间 24 小时以上", "the time is more than 24 hours after it was received"),
    "time.past": ("发生时间早于 1990 年", "the time is before 1990"),
    "event.unknown": ("数据标准中没有事件 {value}", "the data standard has no event {value}"),
    "object.unknown": ("数据标准中没有对象类型 {value}", "the data standard has no kind of object {value}"),
    "object.id": ("对象缺少编号 {field}", "the object lacks its id, the field {field}"),
    "identifier.none": ("没有可用的身份标识", "it carries no usable identifier"),
    "identifier.single": ("关联需要至少两个可用的身份标识", "a link needs at least two usable identifiers"),
    "identifier.unknown": ("数据标准中没有标识类型 {value}", "the data standard has no identifier type {value}"),
    "identifier.many": (
        f"一条数据最多带 {MOST_IDENTIFIERS} 个身份标识，这条有 {{count}} 个",
        f"one item carries at most {MOST_IDENTIFIERS} identifiers, this one has {{count}}",
    ),
    "identifier.crowded": (
        f"一次请求中带 {WIDE} 个以上身份标识的数据太多，请分开发送，或重试这些数据",
        f"one request has too many items with more than {WIDE} identifiers; send them apart, or try these again",
    ),
    "identifier.rounded": (
        "{value} 是表格软件舍入后的数字，请将该列设为文本后重新导出",
        "{value} is a number that a spreadsheet rounded; format the column as text and export it again",
    ),
    "identifier.length": ("标识超过 512 个字符", "the identifier is longer than 512 characters"),
}
"""Rule -> (Chinese, English) template of its message."""

_SHOWN: Final = 60


class Fault(Exception):
    """One value or item breaks one rule. Raised by normalisers of single values, collected by those of columns."""

    def __init__(self, rule: str, value: object = None, **words: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self._words = words
        if "{value}" in RULES[rule][1] and "value" not in words:
            text = value if isinstance(value, str) else repr(value)
            self._words = {**words, "value": f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"}

    def message(self, field: str = "") -> str:
        """In words, Chinese first, then English."""
        zh, en = RULES[self.rule]
        words = {"field": field, **self._words}
        return f"{zh.format(**words)} / {en.format(**words)}"
