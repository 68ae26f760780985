"""Faults and advice about messages and coupons in Chinese; what they share with conditions is there."""

from __future__ import annotations

from typing import Final

from onepool.audience.conditions.bilingual import Catalogue
from onepool.audience.conditions.chinese import CONDITIONS

MESSAGES: Final = Catalogue((
    # variables
    (r"where does the value come from\? write `from` or `default`",
     "请说明取值来源：填写 from（来源）或 default（默认值）"),
    (r"who has no (\S+) gets a message only where the text does without it; a default would do",
     "没有 {0} 的客户可能收不到这条消息：建议填写默认值"),
    (r"a currency goes with variables of type money", "只有金额（money）变量可以写币种"),
    (r"a format goes with variables of type date", "只有日期（date）变量可以写格式"),
    (r"(\S+) is not known; write for example (.+)", "日期格式里不认识 {0}，例如可写 {1}"),
    (r"(.+): the variable is of type (\w+)", "默认值与变量类型 {1} 不符"),
    (r"a source such as trigger\.product_name, .* is wanted",
     "来源应写作 trigger.product_name、vars.coupon_code、params.x、attribute.city 或 tag.x"),
    (r"this name has a meaning of its own in templates; take another one", "这个名称是模板保留字，请换一个"),
    (r"no text uses it", "没有任何文案用到它"),
    # templates
    (r"there is no filter (\S+); there are (.+)", "没有过滤器 {0}；可用的有 {1}"),
    (r"\{\{ (.+) \}\}: a variable has no parts", "{0}：变量没有下级字段"),
    (r"a template has at most (\S+) characters", "一个模板最多 {0} 个字符"),
    (r"unexpected tag '(\w+)' \(line (\d+), .*", "第 {1} 行：不支持标签 {0}；可用 if、unless、case"),
    (r"expected '\}\}', found end of file \(line (\d+), .*", "第 {0} 行：缺少 }}}}"),
    (r"expected tag with name '(\w+)'.*\(line (\d+), .*", "第 {1} 行：缺少标签 {0}"),
    # contents
    (r"there is another content of this name", "已有同名内容"),
    (r"no messages go over (\S+); channels are (.+)", "渠道 {0} 不能发送消息；可用的渠道有 {1}"),
    (r"say which kind: (.+)", "请选择消息类型：{0}"),
    (r"(\S+) carries no (\S+); it carries (.+)", "渠道 {0} 没有 {1} 这种消息；有 {2}"),
    (r"there is no touchpoint (\S+) of (\S+)", "渠道 {1} 没有触点 {0}"),
    (r".*\((.+)\): the platform forbids marketing in it and may close the account",
     "{0}：平台禁止用它发送营销内容，账号可能被处罚"),
    (r"(\S+) of (\S+) has no (\S+); it has (.+)", "{1} 的 {0} 没有 {2} 这一项；有 {3}"),
    (r"a template has no field (\S+); its fields are (.+)", "模板没有字段 {0}；字段名是类型加序号：{1}"),
    (r"this is missing \((.+)\)", "缺少{0}"),
    (r"a mail needs html or text", "邮件需要正文（HTML 或纯文本）"),
    (r"at most (\d+) bytes; the fixed text alone has (\d+)", "最多 {0} 字节（一个汉字 3 字节），固定文字就有 {1} 字节"),
    (r"at most (\d+) bytes; this may become (\d+): use truncate",
     "最多 {0} 字节（一个汉字 3 字节），可能达到 {1} 字节：请用 truncate 截断"),
    (r"at most (\d+) bytes; longer ones are not sent: use truncate",
     "最多 {0} 字节（一个汉字 3 字节），超出的不会发送：请用 truncate 截断"),
    (r"at most (\d+) characters; the fixed text alone has (\d+)", "最多 {0} 个字符，固定文字就有 {1} 个"),
    (r"at most (\d+) characters; this may become (\d+): use truncate",
     "最多 {0} 个字符，这里可能有 {1} 个：请用 truncate 截短"),
    (r"at most (\d+) characters; longer ones are not sent: use truncate",
     "最多 {0} 个字符，超出的不会发送：请用 truncate 截短"),
    (r".*\(([^()]+)\); the fixed text alone has (\d+)", "模板字段要求：{0}；固定文字就有 {1} 个字符"),
    (r".*\(([^()]+)\); longer ones are not sent: use truncate: (\d+)",
     "模板字段要求：{0}；超出的不会发送，请用 truncate: {1} 截短"),
    (r"(?:a|at most|one) [^()]*\(([^()]+)\)", "模板字段要求：{0}"),
    # text messages
    (r"without the template's text nobody can count the parts or check the opt-out",
     "没有填写模板正文：无法计条，也无法检查退订用语"),
    (r"\$\{(\w+)\} of the text has no parameter", "正文中的 ${{{0}}} 没有对应的参数"),
    (r"\{(\d+)\} of the text has no parameter", "正文中的 {{{0}}} 没有对应的参数"),
    (r"the text has no such place", "正文里没有用到这个参数"),
    (r"a text begins with the signature in 【】", "短信要以【签名】开头"),
    (r"a marketing text says how to opt out, for example (.+)", "营销短信要写明退订方式，例如 {0}"),
    (r"how many parts it takes is open: .*", "条数无法确定：请用 truncate 限制变量长度（单条 70 字）"),
    (r"up to (\d+) characters: billed as (\d+) parts of (\d+)", "最长 {0} 字，按 {1} 条计费（每条 {2} 字）"),
    # links
    (r"this name is that of the preference page; take another one", "这个名称用于偏好中心页面，请换一个"),
    (r"an address such as https://host/path is wanted", "应为 https://域名/路径 这样的网址"),
    (r"an address begins with https://host/ or with a variable of type url",
     "网址要以 https://域名/ 或网址类型的变量开头"),
    (r"links may not lead to (\S+); allowed are (.+) \(settings: messages\.link_hosts\)",
     "链接不能指向 {0}；允许的域名有 {1}（设置 messages.link_hosts）"),
    (r"short links need the workspace's public address: .*", "短链需要工作区的公网地址：请设置 messages.public_url"),
    # what customers do not get
    (r"variable (\S+) has no value and no default", "变量 {0} 没有值，也没有默认值"),
    (r"variable (\S+): this is no number", "变量 {0} 的值不是数字"),
    (r"variable (\S+): this is no date", "变量 {0} 的值不是日期"),
    (r"link (\S+) could not be made", "链接 {0} 无法生成"),
    (r"(\S+): links may not lead to this host", "{0}：链接指向了不允许的域名"),
    (r"(\S+): this is no https:// address", "{0}：不是有效的网址"),
    (r"(\S+): longer than (\d+) bytes", "{0}：超过 {1} 字节（一个汉字 3 字节）"),
    (r"(\S+): longer than (\d+) characters", "{0}：超过 {1} 个字符"),
    (r"(\S+): .*\(([^()]+)\)", "{0} 不符合模板字段要求：{1}"),
    # coupons
    (r"either amount or percent is wanted", "面额（amount）和折扣（percent）二选一"),
    (r"one of generated, uploaded or shared is wanted", "券码来源 generated、uploaded、shared 三选一"),
    (r"until lies before from", "结束时间早于开始时间"),
    (r"no such time zone; write one like Asia/Shanghai", "没有这个时区，应写作 Asia/Shanghai 这样"),
    (r"redemptions count wherever they happen", "没有限定触点：任何地方的核销都会计入"),
    (r"there is no end to what can be given out", "没有库存上限：可以无限发放"),
    (r"codes hold for ever", "券码永久有效"),
), CONDITIONS)  # fmt: skip


def chinese(message: str) -> str | None:
    """The same in Chinese; None where there is no counterpart."""
    return MESSAGES.chinese(message)


def both(message: str) -> str:
    """Chinese and English, as the console takes them apart; English alone where there is no counterpart."""
    return MESSAGES.both(message)
