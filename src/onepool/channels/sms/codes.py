"""What the providers' codes mean, in the closed list of reasons.

Alibaba Cloud: https://help.aliyun.com/zh/sms/developer-reference/api-error-codes (answers of SendSms; receipts).
Tencent Cloud: https://cloud.tencent.com/document/product/382/59177 and the list within its SDK (answers),
https://cloud.tencent.com/document/product/382/59178 (receipts).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from onepool.channels.base import Reason, Receipt

_HOUR: Final = 3_600.0

_TEMPLATE: Final = Receipt("refused", "template_error")
_ADDRESS: Final = Receipt("refused", "bad_address")
_LIMIT: Final = Receipt("refused", "over_limit")
_REFUSED: Final = Receipt("refused", "refused")
_ACCOUNT: Final = Receipt("refused", "account_error", account=True)
_UNPAID: Final = Receipt("retry", "account_error", after=_HOUR, account=True)
_OPEN: Final = Receipt("unknown", "unknown")
_BUSY: Final = Receipt("retry", "transient", after=30.0)
_SLOWER: Final = Receipt("retry", "rate_limited", after=60.0, account=True)
_FULL_DAY: Final = Receipt("retry", "rate_limited", after=_HOUR, account=True)

ALIYUN: Final[Mapping[str, Receipt]] = {
    "isv.BUSINESS_LIMIT_CONTROL": _LIMIT,
    "isv.MOBILE_NUMBER_ILLEGAL": _ADDRESS,
    "isv.MOBILE_COUNT_OVER_LIMIT": _TEMPLATE,
    "isv.TEMPLATE_MISSING_PARAMETERS": _TEMPLATE,
    "isv.TEMPLATE_PARAMS_ILLEGAL": _TEMPLATE,
    "isv.INVALID_PARAMETERS": _TEMPLATE,
    "isv.INVALID_JSON_PARAM": _TEMPLATE,
    "isv.BLACK_KEY_CONTROL_LIMIT": _TEMPLATE,
    "isv.PARAM_LENGTH_LIMIT": _TEMPLATE,
    "isv.PARAM_NOT_SUPPORT_URL": _TEMPLATE,
    "isv.SMS_CONTENT_ILLEGAL": _TEMPLATE,
    "isv.SMS_SIGN_ILLEGAL": _TEMPLATE,
    "isv.SMS_SIGNATURE_ILLEGAL": _TEMPLATE,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _TEMPLATE,
    "isv.SMS_TEMPLATE_ILLEGAL": _TEMPLATE,
    "isv.EXTEND_CODE_ERROR": _TEMPLATE,
    # An international template for a mainland number: the number is good.
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _TEMPLATE,
    "isv.DAY_LIMIT_CONTROL": _FULL_DAY,
    "isv.AMOUNT_NOT_ENOUGH": _UNPAID,
    "isv.OUT_OF_SERVICE": _UNPAID,
    "isv.PRODUCT_UN_SUBSCRIPT": _ACCOUNT,
    "isv.PRODUCT_UNSUBSCRIBE": _ACCOUNT,
    "isv.ACCOUNT_NOT_EXISTS": _ACCOUNT,
    "isv.ACCOUNT_ABNORMAL": _ACCOUNT,
    "isv.DENY_IP_RANGE": _ACCOUNT,
    "isp.RAM_PERMISSION_DENY": _ACCOUNT,
    # It broke within: it may have been sent, and nothing keeps a second one back.
    "isp.SYSTEM_ERROR": _OPEN,
    "isp.GATEWAY_ERROR": _OPEN,
    "Throttling": _SLOWER,
    "Throttling.User": _SLOWER,
    "Throttling.Api": _SLOWER,
    "ServiceUnavailable": _BUSY,
    "InternalError": _OPEN,
    "InvalidAccessKeyId.NotFound": _ACCOUNT,
    "InvalidAccessKeyId.Inactive": _ACCOUNT,
    "SignatureDoesNotMatch": _ACCOUNT,
    "InvalidTimeStamp.Expired": _ACCOUNT,
    "SignatureNonceUsed": _BUSY,
}
"""``Code`` of an answer of SendSms; ``OK`` is good."""

TENCENT: Final[Mapping[str, Receipt]] = {
    "FailedOperation.ContainSensitiveWord": _TEMPLATE,
    "FailedOperation.FailResolvePacket": _TEMPLATE,
    "FailedOperation.InsufficientBalanceInSmsPackage": _UNPAID,
    "FailedOperation.JsonParseFail": _TEMPLATE,
    "FailedOperation.MarketingSendTimeConstraint": Receipt("retry", "rate_limited", after=_HOUR),
    "FailedOperation.PhoneNumberInBlacklist": _REFUSED,
    "FailedOperation.SignatureIncorrectOrUnapproved": _TEMPLATE,
    "FailedOperation.TemplateIncorrectOrUnapproved": _TEMPLATE,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": _TEMPLATE,
    "FailedOperation.TemplateUnapprovedOrNotExist": _TEMPLATE,
    "FailedOperation.ProhibitSubAccountUse": _ACCOUNT,
    "FailedOperation.OtherError": _BUSY,
    "InternalError.JsonParseFail": _TEMPLATE,
    "InternalError.OtherError": _OPEN,
    "InternalError.RequestTimeException": _ACCOUNT,
    "InternalError.RestApiInterfaceNotExist": _ACCOUNT,
    "InternalError.SendAndRecvFail": _OPEN,
    "InternalError.SigFieldMissing": _ACCOUNT,
    "InternalError.SigVerificationFail": _ACCOUNT,
    "InternalError.Timeout": _OPEN,
    "InternalError.UnknownError": _OPEN,
    "InvalidParameterValue.ContentLengthLimit": _TEMPLATE,
    "InvalidParameterValue.IncorrectPhoneNumber": _ADDRESS,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": _TEMPLATE,
    "InvalidParameterValue.SdkAppIdNotExist": _ACCOUNT,
    "InvalidParameterValue.TemplateParameterFormatError": _TEMPLATE,
    "InvalidParameterValue.TemplateParameterLengthLimit": _TEMPLATE,
    "LimitExceeded.AppCountryOrRegionDailyLimit": _FULL_DAY,
    "LimitExceeded.AppCountryOrRegionInBlacklist": Receipt("refused", "account_error"),
    "LimitExceeded.AppDailyLimit": _FULL_DAY,
    "LimitExceeded.AppGlobalDailyLimit": _FULL_DAY,
    "LimitExceeded.AppMainlandChinaDailyLimit": _FULL_DAY,
    "LimitExceeded.DailyLimit": _FULL_DAY,
    "LimitExceeded.DeliveryFrequencyLimit": _SLOWER,
    "LimitExceeded.GlobalSmsSendingRateLimit": _SLOWER,
    "LimitExceeded.PhoneNumberCountLimit": _TEMPLATE,
    "LimitExceeded.PhoneNumberDailyLimit": _LIMIT,
    "LimitExceeded.PhoneNumberOneHourLimit": _LIMIT,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": _LIMIT,
    "LimitExceeded.PhoneNumberThirtySecondLimit": Receipt("retry", "rate_limited", after=31.0),
    "MissingParameter.EmptyPhoneNumberSet": _ADDRESS,
    "RequestLimitExceeded": _SLOWER,
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": _ACCOUNT,
    "UnauthorizedOperation.RequestIpNotInWhitelist": _ACCOUNT,
    "UnauthorizedOperation.RequestPermissionDeny": _ACCOUNT,
    "UnauthorizedOperation.SdkAppIdIsDisabled": _ACCOUNT,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": _UNPAID,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": _ACCOUNT,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": _TEMPLATE,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": _TEMPLATE,
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": _TEMPLATE,
    "UnsupportedOperation.UnsupportedRegion": _ACCOUNT,
}
"""``Code`` of a number or ``Error.Code`` of an answer of SendSms; ``Ok`` is good."""

TENCENT_FAMILIES: Final[Mapping[str, Receipt]] = {
    "AuthFailure": _ACCOUNT,
    "UnauthorizedOperation": _ACCOUNT,
    "UnsupportedOperation": _TEMPLATE,
    "InvalidParameter": _TEMPLATE,
    "InvalidParameterValue": _TEMPLATE,
    "MissingParameter": _TEMPLATE,
    "LimitExceeded": _LIMIT,
    "FailedOperation": _TEMPLATE,
    "ResourceInsufficient": _UNPAID,
    "ResourceUnavailable": _BUSY,
    "InternalError": _OPEN,
}
"""By the first part of a code that is not in the list; a new one of a known family is understood."""

_RECEIPTS: Final[tuple[tuple[Reason, tuple[str, ...]], ...]] = (
    ("refused", ("BLACK", "MK:1008", "MBBLACK", "USER_REJECT", "REFUSE")),
    (
        "bad_address",
        ("NOT_ON_SERVICE", "UNASSIGNED", "MK:0001", "INVALID_NUMBER", "EMPTY", "UNKNOWN_SUBSCRIBER", "MI:0001"),
    ),
    ("template_error", ("KEYWORD", "SIGN", "TEMPLATE", "CONTENT")),
    ("over_limit", ("LIMIT", "FREQ", "OVER")),
    ("account_error", ("ARREARS", "BALANCE", "AUDIT")),
)
"""Parts of operators' codes on receipts. Operators and provinces have codes of their own, so most stay unlisted."""

_TEMPORARY: Final = ("EXPIRED", "IS_CLOSED", "UNDELIV", "TIMEOUT", "MSG_QUEUE_FULL", "SHUTDOWN", "BUSY")


def receipt_reason(code: str) -> Reason:
    """Why an operator could not deliver, from the code of its receipt: ``transient`` where the phone was off or out of
    reach, ``unknown`` for a code that says nothing."""
    upper = code.upper().replace("-", "_")
    if "NOSIGNAL" in upper:
        return "transient"
    for reason, parts in _RECEIPTS:
        if any(part in upper for part in parts):
            return reason
    return "transient" if any(part in upper for part in _TEMPORARY) else "unknown"
