"""Messages and pages of Youzan. Amounts are texts in yuan, missing times empty texts, ids larger than 2**53."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from onepool.channels.base import Account, Decoded, Gathering, Keep, Push, Refused, Reply, Request, json_reply
from onepool.channels.base.commerce import (
    Snapshot,
    beijing,
    clear_phone,
    hidden_phone,
    mainland_phone,
    order_ids,
    part,
    parts,
    step_id,
    tell,
    text,
    yuan,
)

_ANSWER = {"code": 0, "msg": "success"}
_VECTOR = b"0102030405060708"
_OWN_FANS = 1
_REFUNDED = 60

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def check(request: Request, account: Account, now: datetime) -> Reply:
    """``sign``: MD5 of client_id, the message as received and client_secret; or ``Event-Sign`` over the whole body."""
    del now
    if request.method != "POST":
        raise Refused(405, "method", "messages come with POST")
    client, secret = account.text("client_id"), account.text("client_secret")
    if not client or not secret:
        raise Refused(403, "not-configured", "this touchpoint has no client_id or no client_secret yet")
    header = request.headers.get("event-sign", "")
    if not (header and _same(header, _md5(client.encode() + request.body + secret.encode()))):
        signed = _signed(request.body)
        if not _same(signed.sign, _md5(client + signed.msg + secret)):
            raise Refused(403, "signature", "the signature is missing or wrong")
    envelope = _envelope(request.body)
    message = envelope.get("msg")
    if envelope.get("test") is True or not _ours(envelope, account.text("kdt_id")):
        return json_reply(_ANSWER)
    plain = None
    if account.get("encrypted_push") and isinstance(message, str):
        plain = msgspec.json.encode({**envelope, "msg": decrypt(message, secret)}).decode()
    return json_reply(_ANSWER, keep=Keep(plain))


def _ours(envelope: dict[str, Any], shop: str) -> bool:
    """Whether a message is of this shop or a branch of it. An application has one address for all shops that allowed
    it; what is of another one belongs to its own touchpoint, which fetches it."""
    told = text(envelope.get("kdt_id"))
    return not told or not shop or shop in (told, text(envelope.get("root_kdt_id")))


class _Signed(msgspec.Struct):
    """What the signature is about; all else is not even built before it holds."""

    sign: str = ""
    msg: str = ""


_read_signed = msgspec.json.Decoder(_Signed).decode


def _signed(body: bytes) -> _Signed:
    try:
        return _read_signed(body)
    except msgspec.ValidationError:
        # Readable, but not what is signed so: an object for a message, a number for a signature.
        raise Refused(403, "signature", "the signature is missing or wrong") from None
    except _UNREADABLE as error:
        raise Refused(400, "malformed", "the body is not JSON") from error


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except _UNREADABLE as error:
        raise Refused(400, "malformed", "the body is not JSON") from error
    if not isinstance(found, dict):
        raise Refused(400, "malformed", "the body is not an object")
    return found


def decrypt(message: str, secret: str) -> str:
    """An encrypted message: AES-128-CBC with the first 16 characters of the client_secret. Raises Refused."""
    try:
        data = base64.b64decode(unquote_plus(message.replace("+", "%2B")), validate=True)
        decryptor = Cipher(algorithms.AES(secret.encode()[:16]), modes.CBC(_VECTOR)).decryptor()
        remover = padding.PKCS7(128).unpadder()
        plain = remover.update(decryptor.update(data) + decryptor.finalize()) + remover.finalize()
        return plain.decode()
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise Refused(403, "signature", "the message was not encrypted with this application's secret") from error


def read(push: Push) -> Decoded:
    """Messages by their type; pages of orders and customers."""
    found = Gathering()
    body = push.plain if push.plain is not None else push.body
    try:
        content = msgspec.json.decode(body)
    except _UNREADABLE as error:
        found.refuse("youzan.unreadable", f"not readable as JSON: {error}", push.body)
        return found.decoded()
    if push.kind == "pull":
        _page(found, push, content)
    elif isinstance(content, dict):
        _message(found, push, content)
    else:
        found.refuse("youzan.shape", "a message is an object", push.body)
    return found.decoded()


def _message(found: Gathering, push: Push, envelope: dict[str, Any]) -> None:
    kind, number = text(envelope.get("type")), text(envelope.get("id"))
    version = text(envelope.get("version")) or text(envelope.get("msg_id"))
    content = _content(envelope.get("msg"))
    if content is None:
        found.refuse("youzan.message", "`msg` is not JSON", msgspec.json.encode(envelope))
        return
    name = kind.lower()
    if name.startswith("trade_refund"):
        _refund(found, push, content, f"{kind}:{number}:{version}")
    elif name.startswith("trade_trade"):
        _trade(found, push, kind, content, version)
    else:
        ids = _ids(push, content)
        if ids:
            found.add("event", f"youzan.{kind}", ids, message_id=f"{kind}:{number}:{version}", fields=content)
        else:
            found.refuse("youzan.nobody", f"a message of type {kind} that names nobody", msgspec.json.encode(content))


_STEPS = {
    "trade_tradecreate": "order_placed",
    "trade_tradepaid": "order_paid",
    "trade_tradebuyerpay": "order_paid",
    "trade_tradesellership": "order_shipped",
    "trade_tradepartlysellership": "order_shipped",
    "trade_tradesuccess": "order_completed",
    "trade_tradeclose": "order_cancelled",
}
_AT = {
    "order_placed": ("created",),
    "order_paid": ("pay_time", "update_time"),
    "order_shipped": ("consign_time", "update_time"),
    "order_completed": ("success_time", "update_time"),
    "order_cancelled": ("close_time", "update_time"),
}


def _trade(found: Gathering, push: Push, kind: str, content: dict[str, Any], version: str) -> None:
    trade = content.get("full_order_info")
    whole = content if isinstance(trade, dict) else {"full_order_info": content}
    info = part(whole, "full_order_info", "order_info")
    order = text(info.get("tid")) or text(content.get("tid"))
    event = _STEPS.get(kind.lower())
    if not order:
        found.refuse("order.id", f"a message of type {kind} without tid", msgspec.json.encode(content))
        return
    ids, fields, traits = _described(push, whole)
    if event is None:
        found.add("event", f"youzan.{kind}", ids, message_id=f"{kind}:{order}:{version}", fields=content)
        return
    at = next((beijing(info.get(name)) for name in _AT[event] if text(info.get(name))), None)
    found.add(
        "event",
        event,
        ids,
        time=at,
        # Parcels of one order are told one by one; any other step happens once, and is the same when it is fetched.
        message_id=f"{step_id(order, event)}:{version}" if "partly" in kind.lower() else step_id(order, event),
        fields={"order_id": order, **fields},
        traits=traits,
    )


def _refund(found: Gathering, push: Push, content: dict[str, Any], message_id: str) -> None:
    order, number = text(content.get("tid")), text(content.get("refund_id"))
    done = content.get("refund_state") == _REFUNDED or "success" in message_id.lower()
    found.add(
        "event",
        "order_refunded" if done else "return_requested",
        order_ids(_ids(push, content), push.scope("order_no"), order),
        time=beijing(content.get("update_time")) or None,
        message_id=f"{number}:{'refunded' if done else 'requested'}" if number else message_id,
        fields={
            "order_id": order,
            "refund_id": number,
            "amount": yuan(content.get("refunded_fee") or content.get("refund_fee")),
            "reason": text(content.get("refund_reason")),
        },
    )


def _page(found: Gathering, push: Push, content: Any) -> None:
    data = part(content, "data") or part(content, "response")
    call, _, run = push.call.partition(":")
    if call == "customers":
        for one in parts(data, "record_list") or parts(data, "items") or parts(data, "customers"):
            ids = _ids(push, one)
            if ids:
                traits = {
                    "nickname": text(one.get("nick_name") or one.get("name")),
                    "points_balance": one.get("points"),
                    **_genders(one.get("gender")),
                }
                at = text(one.get("updated_at")) or run
                said = hashlib.blake2b(msgspec.json.encode(traits), digest_size=6).hexdigest()
                number = f"{ids[0][2]}.{at}.{said}" if at else None
                found.add("profile", "profile_updated", ids, message_id=number, traits=traits)
        return
    for whole in parts(data, "full_order_info_list") or parts(data, "trades"):
        info = part(whole, "full_order_info", "order_info")
        ids, fields, traits = _described(push, whole)
        status = text(info.get("status"))
        updated = beijing(info.get("update_time"))
        tell(
            found,
            Snapshot(
                text(info.get("tid")),
                ids,
                fields,
                traits,
                placed=beijing(info.get("created")),
                paid=beijing(info.get("pay_time")),
                shipped=beijing(info.get("consign_time")),
                completed=beijing(info.get("success_time")) if status == "TRADE_SUCCESS" else None,
                cancelled=updated if status == "TRADE_CLOSED" else None,
            ),
        )
        for one in parts(whole, "refund_order"):
            if one.get("refund_state") == _REFUNDED:
                _refund(found, push, {**one, "tid": info.get("tid"), "update_time": updated, **_buyer(whole)}, "")


def _described(push: Push, whole: dict[str, Any]) -> tuple[list[tuple[str, str, str]], dict[str, Any], dict[str, Any]]:
    """Who bought and what describes the order. Encrypted contacts stay what they are: opaque."""
    full = part(whole, "full_order_info")
    info, pay, address = part(full, "order_info"), part(full, "pay_info"), part(full, "address_info")
    buyer = part(full, "buyer_info")
    receiver = clear_phone(address.get("receiver_tel"))
    fields = {
        "amount": yuan(pay.get("payment")),
        "shipping": yuan(pay.get("post_fee")),
        "discount": yuan(part(whole, "order_promotion").get("order_discount_fee")),
        "payment_method": text(info.get("pay_type_str")),
        "order_status": text(info.get("status")),
        "receiver_name": _shown(address.get("receiver_name")),
        "receiver_phone": receiver or hidden_phone(address.get("receiver_tel")),
        "province": text(address.get("delivery_province")),
        "city": text(address.get("delivery_city")),
        "district": text(address.get("delivery_district")),
        "address": _shown(address.get("delivery_address")),
        "items": [
            {
                "product_id": text(line.get("outer_item_id")) or text(line.get("item_id")),
                "sku_id": text(line.get("outer_sku_id")) or text(line.get("sku_id")),
                "platform_item_id": text(line.get("item_id")),
                "name": text(line.get("title")),
                "quantity": line.get("num"),
                "price": yuan(line.get("price")),
                "amount": yuan(line.get("payment")),
            }
            for line in parts(full, "orders")
        ],
        # The shop's cipher of the buyer's number: the same number has the same cipher in one shop only.
        "buyer_phone_cipher": text(buyer.get("buyer_phone")) if _cipher(buyer.get("buyer_phone")) else "",
    }
    traits = {"nickname": text(buyer.get("fans_nickname")), "masked_phone": hidden_phone(buyer.get("buyer_phone"))}
    ids = order_ids(_ids(push, buyer), push.scope("order_no"), text(info.get("tid")))
    return ids, {name: value for name, value in fields.items() if value not in ("", None, [])}, traits


def _ids(push: Push, one: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Who somebody is, by the members that Youzan writes beside persons."""
    appid = text(push.settings.get("appid"))
    found = [("yz_open_id", "", text(one.get("yz_open_id")))]
    if appid and one.get("fans_type") == _OWN_FANS:
        found.append(("openid", appid, text(one.get("outer_user_id"))))
    found.append(("phone", "", mainland_phone(one.get("buyer_phone") or one.get("mobile") or one.get("phone")) or ""))
    if not any(value for _, _, value in found):
        # Older messages name the buyer by a number of the shop only.
        found.append(("user_id", push.scope("user_id", "kdt_id"), text(one.get("buyer_id") or one.get("fans_id"))))
    return [one for one in found if one[2] not in ("", "0")]


def _buyer(whole: dict[str, Any]) -> dict[str, Any]:
    return part(whole, "full_order_info", "buyer_info")


def _content(message: Any) -> dict[str, Any] | None:
    """``msg``: URL-encoded JSON, JSON, or (by some gateways) an object already."""
    if isinstance(message, dict):
        return message
    if not isinstance(message, str):
        return None
    for candidate in (message, unquote_plus(message)):
        try:
            found = msgspec.json.decode(candidate)
        except (*_UNREADABLE, UnicodeEncodeError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _genders(value: Any) -> dict[str, str]:
    return {"gender": {1: "male", 2: "female"}[value]} if value in (1, 2) else {}


def _cipher(value: Any) -> bool:
    """Whether a text is one of the platform's ciphers: long, and no number."""
    return isinstance(value, str) and len(value) > 20 and not value.isdigit()


def _shown(value: Any) -> str:
    return "" if _cipher(value) and "$" in str(value) else text(value)


def _md5(value: str | bytes) -> str:
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return hashlib.md5(raw).hexdigest()  # noqa: S324 the platform's algorithm


def _same(given: Any, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.lower().encode("utf-8", "replace"), wanted.encode())
