"""Checking pushes of WeChat's platforms: Official Account, mini program, WeCom.

https://developers.weixin.qq.com/doc/service/en/guide/dev/push/encryption.html and
https://developer.work.weixin.qq.com/document/path/90930 : SHA-1 over the sorted token, timestamp, nonce (and the
encrypted text); the body plain, encrypted, or both; XML or JSON. An answer is wanted within five seconds.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from onepool.channels.base.account import Account
from onepool.channels.base.http import Keep, Refused, Reply, Request
from onepool.channels.base.manifest import Setting
from onepool.channels.base.wechat_crypto import CryptoError, decrypt, read_key, signed
from onepool.channels.base.xml import XmlError, parse_xml

ACCEPTED: Final = b"success"

_KEY: Final = r"[A-Za-z0-9]{43}"

KEYS: Final = (
    Setting(
        name="token",
        kind="secret",
        required=True,
        title={"zh": "令牌（Token）", "en": "Token"},
        help={"zh": "在平台的服务器配置中自己填写的 Token。", "en": "The token that you entered on the platform."},
    ),
    Setting(
        name="encoding_aes_key",
        kind="secret",
        title={"zh": "消息加解密密钥（EncodingAESKey）", "en": "EncodingAESKey"},
        help={"zh": "43 位字母和数字；明文模式不需要。", "en": "43 letters and digits; not needed in plain mode."},
        pattern=_KEY,
    ),
    Setting(
        name="previous_encoding_aes_key",
        kind="secret",
        title={"zh": "上一个 EncodingAESKey", "en": "Previous EncodingAESKey"},
        help={
            "zh": "更换密钥后的一段时间内，平台仍可能使用旧密钥。",
            "en": "After a change the platform may use the old key for a while.",
        },
        pattern=_KEY,
    ),
)
"""Settings with which pushes are checked."""

SKEW: Final = Setting(
    name="timestamp_skew",
    kind="integer",
    default=600,
    unverified=True,
    title={"zh": "推送时间最大偏差（秒）", "en": "Largest difference of a push's time (seconds)"},
    help={
        "zh": "与本机时间相差更多的推送会被拒绝；0 表示不检查。",
        "en": "Pushes that differ more from this machine's clock are refused; 0: not looked at.",
    },
)

MODE: Final = Setting(
    name="mode",
    kind="choice",
    default="safe",
    title={"zh": "消息加解密方式", "en": "Encryption of pushes"},
    options={
        "plain": {"zh": "明文模式", "en": "Plain"},
        "compatible": {"zh": "兼容模式", "en": "Compatible (plain and encrypted)"},
        "safe": {"zh": "安全模式（推荐）", "en": "Safe (encrypted)"},
    },
    help={
        "zh": "除明文模式外，未加密的推送会被拒绝：明文签名不覆盖正文。",
        "en": "But in plain mode an unencrypted push is refused: the plain signature does not cover the body.",
    },
)


def check_wechat(request: Request, account: Account, now: datetime) -> Reply:
    """An Official Account's or mini program's push; the URL check answers `echostr` as it is. Raises Refused."""
    args = request.args
    token = _token(account)
    moment, nonce = args.get("timestamp", ""), args.get("nonce", "")
    if request.method == "GET":
        if not signed(args.get("signature", ""), token, moment, nonce):
            raise _forged()
        _fresh(moment, account, now)
        return Reply(body=args.get("echostr", "").encode())
    if args.get("encrypt_type", "raw") not in ("", "raw"):
        return _sealed(request, account, now, account.text("appid"))
    if account.text("mode") != "plain":
        raise Refused(403, "signature", "this touchpoint takes encrypted pushes only; set its mode to plain otherwise")
    given = args.get("signature", "")
    if not signed(given, token, moment, nonce):
        raise _forged()
    _fresh(moment, account, now)
    return Reply(body=ACCEPTED, keep=Keep(), once=given)


def check_wecom(request: Request, account: Account, now: datetime) -> Reply:
    """A push of WeCom: always encrypted, even `echostr` of the URL check. Raises Refused."""
    args = request.args
    corpid = account.text("corpid")
    if request.method != "GET":
        return _sealed(request, account, now, corpid)
    echo = args.get("echostr", "").replace(" ", "+")  # a plus that was not escaped arrives as a space
    if not signed(
        args.get("msg_signature", ""), _token(account), args.get("timestamp", ""), args.get("nonce", ""), echo
    ):
        raise _forged()
    _fresh(args.get("timestamp", ""), account, now)
    return Reply(body=_opened(echo, account, corpid).encode())


def _sealed(request: Request, account: Account, now: datetime, receiver: str) -> Reply:
    args = request.args
    encrypted = _encrypted(request.body)
    moment = args.get("timestamp", "")
    if not signed(args.get("msg_signature", ""), _token(account), moment, args.get("nonce", ""), encrypted):
        raise _forged()
    _fresh(moment, account, now)
    return Reply(body=ACCEPTED, keep=Keep(_opened(encrypted, account, receiver)))


def _encrypted(body: bytes) -> str:
    """The text in `Encrypt`, which the signature covers."""
    found: Any = None
    try:
        found = msgspec.json.decode(body) if body.lstrip()[:1] == b"{" else parse_xml(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, XmlError) as error:
        raise Refused(400, "malformed", "the body is neither the platform's XML nor its JSON") from error
    encrypted = found.get("Encrypt") if isinstance(found, dict) else None
    if not isinstance(encrypted, str) or not encrypted:
        raise Refused(400, "malformed", "an encrypted push has a part Encrypt")
    return encrypted


def _opened(encrypted: str, account: Account, receiver: str) -> str:
    """Decrypted with the present key, else with the previous one."""
    keys = [account.text("encoding_aes_key"), account.text("previous_encoding_aes_key")]
    problem = "this touchpoint has no EncodingAESKey"
    for key in keys:
        if not key:
            continue
        try:
            return decrypt(encrypted, _key(key), receiver)
        except CryptoError as error:
            problem = str(error)
    raise Refused(403, "signature", f"the push can't be decrypted: {problem}")


@lru_cache(maxsize=256)
def _key(encoding_aes_key: str) -> bytes:
    return read_key(encoding_aes_key)


def _token(account: Account) -> str:
    token = account.text("token")
    if not token:  # anybody could sign with an empty one
        raise Refused(403, "not-configured", "this touchpoint has no token yet")
    return token


def _fresh(moment: str, account: Account, now: datetime) -> None:
    """The signature is good: it must also be of now, since somebody may have kept it."""
    skew = int(account.get("timestamp_skew", 600))
    if skew <= 0:
        return
    if not moment.isascii() or not moment.isdigit() or len(moment) > 12:
        raise Refused(403, "stale", "the push has no timestamp")
    if abs(now.timestamp() - int(moment)) > skew:
        raise Refused(403, "stale", f"the push's time is more than {skew} seconds off; look at both clocks")


def _forged() -> Refused:
    return Refused(403, "signature", "the signature is wrong; the token here and on the platform must be the same")
