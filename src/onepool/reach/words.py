"""Reasons and platforms' codes in words, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = dict[str, str]


def _w(zh: str, en: str) -> Words:
    return {"zh": zh, "en": en}


REASONS: Final[Mapping[str, Words]] = {
    "not_follower": _w("未关注公众号", "does not follow the account"),
    "not_friend": _w("不是企业微信好友", "is no WeCom contact"),
    "refused": _w("客户拒收", "the customer refuses such messages"),
    "no_consent": _w("没有同意", "no consent"),
    "bad_address": _w("没有可用的地址", "no address that works"),
    "over_limit": _w("超出平台对单个客户的限制", "over the platform's limit for one person"),
    "capped": _w("达到频次上限", "over a frequency cap"),
    "quiet_skipped": _w("落在免打扰时段，未发送", "in quiet hours, not sent"),
    "control": _w("属于全局对照组", "in the global control group"),
    "expired": _w("已过期", "too late to be sent"),
    "goal_reached": _w("目标已达成", "the goal was reached"),
    "ended": _w("旅程或群发已结束", "the journey or broadcast had ended"),
    "guard_false": _w("发送前条件不成立", "its condition did not hold any more"),
    "template_error": _w("消息内容或模板有误", "the message's content or template is wrong"),
    "account_error": _w("账号无法发送", "the account can't send"),
    "rate_limited": _w("平台限流", "the platform asks to go slower"),
    "transient": _w("平台暂时不可用", "the platform was not available"),
    "staff_timeout": _w("员工未在时限内确认", "nobody confirmed it in time"),
    "unknown": _w("无法确认是否送出", "it can't be told whether it went out"),
    "no_stock": _w("优惠券库存不足", "no coupon was left"),
    "erased": _w("客户资料已删除", "the customer was erased"),
}
"""Every reason of the closed list (channels/base/receipts.py)."""

_WECHAT: Final[Mapping[str, Words]] = {
    "-1": _w("平台繁忙", "the platform is busy"),
    "40001": _w("access_token 无效", "the access token is not valid"),
    "40003": _w("openid 不属于该账号", "the openid is not of this account"),
    "40037": _w("模板编号不存在", "there is no template with this ID"),
    "41030": _w("小程序页面不存在", "the mini program's page does not exist"),
    "42001": _w("access_token 过期", "the access token has ended"),
    "43004": _w("需要接收者关注", "the receiver has to follow the account"),
    "43019": _w("接收者在黑名单中", "the receiver is on the account's blacklist"),
    "43101": _w("用户拒收该模板消息", "the user refuses messages of this template"),
    "45009": _w("接口调用超过每日限额", "over the daily limit of calls"),
    "45011": _w("调用频率过快", "too many calls in a minute"),
    "45015": _w("超过 48 小时回复时限", "the reply window of 48 hours is over"),
    "45047": _w("客服消息条数超限", "too many customer-service messages"),
    "45065": _w("相同的消息编号已存在", "a message with this number exists already"),
    "47001": _w("数据格式错误", "the data can't be read"),
    "47003": _w("模板参数不符合规则", "a template field breaks its rules"),
    "48001": _w("接口未授权", "the account has no right to this call"),
    "48002": _w("接收者关闭了消息接收", "the receiver switched messages off"),
    "48004": _w("接口被封禁", "the account was banned from this call"),
    "50002": _w("账号受限", "the account is restricted"),
    "50005": _w("用户未关注", "the user does not follow"),
}
_WECOM: Final[Mapping[str, Words]] = {
    "-1": _w("平台繁忙", "the platform is busy"),
    "40096": _w("外部联系人编号无效", "the contact's ID is not valid"),
    "41050": _w("欢迎语凭证已过期", "the welcome code has ended"),
    "41051": _w("已发送过欢迎语", "a welcome message was sent already"),
    "45009": _w("接口调用超限", "over the limit of calls"),
    "45033": _w("并发调用超限", "too many calls at once"),
    "48002": _w("没有接口权限", "no right to this call"),
    "60011": _w("没有权限访问该成员或客户", "no right to this member or customer"),
    "60020": _w("服务器地址不在可信 IP 中", "this server's address is not on the list of trusted ones"),
    "84061": _w("不存在外部联系人关系", "the customer is no contact of this member"),
    "84074": _w("没有外部联系人权限", "no right to external contacts"),
    "95000": _w("客服账号无效", "there is no such desk of customer service"),
    "95007": _w("事件凭证已使用或已过期", "the event's code was used or has ended"),
    "95015": _w("管理后台已配置欢迎语", "a welcome is set up on the platform"),
    "95001": _w("超过可回复条数", "the five answers of customer service are used up"),
    "95002": _w("已超过 48 小时", "the customer wrote more than 48 hours ago"),
    "95013": _w("会话已结束", "the conversation has ended"),
    "95018": _w("会话状态不允许发送", "the conversation is not open for messages of this interface"),
    "fail_list": _w("客户不在可发送范围", "the customer can't be sent to"),
    "status 2": _w("客户已不是好友", "the customer is no contact any more"),
    "status 3": _w("客户已收到其他群发", "the customer got another group message already"),
}
_SMS: Final[Mapping[str, Words]] = {
    "isv.BUSINESS_LIMIT_CONTROL": _w("触发号码发送频率限制", "over the provider's limit for one number"),
    "isv.MOBILE_NUMBER_ILLEGAL": _w("手机号格式错误", "this is no phone number"),
    "isv.TEMPLATE_MISSING_PARAMETERS": _w("模板变量缺失", "a variable of the template is missing"),
    "isv.AMOUNT_NOT_ENOUGH": _w("短信余额不足", "the account's balance is used up"),
    "isv.OUT_OF_SERVICE": _w("业务停机（欠费）", "the service was stopped for lack of payment"),
    "isv.SMS_SIGNATURE_ILLEGAL": _w("短信签名不合法", "the signature is not allowed"),
    "isv.SMS_TEMPLATE_ILLEGAL": _w("短信模板不合法", "the template is not allowed"),
    "isv.BLACK_KEY_CONTROL_LIMIT": _w("内容含有敏感词", "the content holds a word that is not allowed"),
}
_CODES: Final[Mapping[str, Mapping[str, Words]]] = {
    "wechat_oa": _WECHAT, "wechat_mini": _WECHAT, "wecom": _WECOM, "sms": _SMS,
}  # fmt: skip


def of_code(channel: str, code: str | None) -> Words | None:
    """What a platform's code means; None where only the platform's own pages say."""
    return _CODES.get(channel, {}).get(code) if code else None


def of_reason(reason: str | None) -> Words | None:
    """A reason in words."""
    return REASONS.get(reason) if reason else None
