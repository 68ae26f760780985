"""Mails that come back: delivery status notifications (RFC 3464) and complaints (ARF, RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import getaddresses
from typing import Any, Final, Literal

REFERENCE: Final = "X-OnePool-Message"
"""The header that repeats the number in a mail's Message-ID: some gateways put one of their own in its place."""

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_PARTS: Final = 50
_PARSED: Final = 256 << 10
_BOUNDARIES: Final = 20
_VALUE: Final = 2_000
"""Anybody can write every byte of a mail, and the standard library's parser takes minutes for some: the start of it is
parsed (reports stand first, what they are about last) if few parts are nested, and the start of headers decoded."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says of one recipient. ``status``: 5.1.1; ``message_id``: of the mail that it is about.

    ``mails`` and ``emails``: all that it calls this mail, and all whom it may have been sent to: who forwards mails
    reports an address that is not the one that was written to.
    """

    kind: Literal["failed", "delayed", "delivered", "complaint", "other"]
    email: str
    status: str = ""
    words: str = ""
    message_id: str = ""
    feedback: str = ""
    mails: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def subject_of(raw: bytes) -> str:
    """The subject of a mail; empty where there is none that can be read."""
    head = raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0][:65_536]
    return _text(message_from_bytes(head), "Subject")


def bounces(raw: bytes, parsed: int = _PARSED) -> list[Bounce] | None:
    """What a mail reports; None for a mail that is no report, or that is nested as none is. ``parsed``: bytes of it."""
    raw = raw[:parsed]
    if raw.lower().count(b"boundary") > _BOUNDARIES:
        return None
    try:
        return _bounces(message_from_bytes(raw))
    except RecursionError:
        return None


def _bounces(mail: Mail) -> list[Bounce] | None:
    kind = str(mail.get_param("report-type") or "").lower()
    if mail.get_content_type() != "multipart/report":
        return None
    parts = [part for part, _ in zip(mail.walk(), range(_PARTS), strict=False)]
    original = _original(parts)
    if kind == "feedback-report":
        return _complaints(parts, original)
    found: list[Bounce] = []
    for block in _status_blocks(parts):
        one = _recipient(block, original)
        if one is not None:
            found.append(one)
    return found


def _recipient(block: Mail, original: Mail | None) -> Bounce | None:
    said = [_address(_text(block, name)) for name in ("Original-Recipient", "Final-Recipient")]
    email = said[0] or said[1]
    if not email:
        return None
    words = _text(block, "Diagnostic-Code")
    status = _STATUS.search(_text(block, "Status")) or _STATUS.search(words)
    action = _text(block, "Action").lower()
    kinds: dict[str, Any] = {"failed": "failed", "delayed": "delayed", "delivered": "delivered", "relayed": "delivered"}
    return Bounce(
        kinds.get(action, "other"),
        email,
        status[0] if status else "",
        words.partition(";")[2].strip() or words,
        _message_id(original),
        mails=_mails(original),
        emails=tuple(dict.fromkeys(one for one in (*said, *_addresses(original)[:1]) if one)),
    )


def _complaints(parts: list[Mail], original: Mail | None) -> list[Bounce]:
    found: list[Bounce] = []
    for block in _blocks(parts, "message/feedback-report"):
        feedback = _text(block, "Feedback-Type").lower()
        said = [_address(str(value)[:_VALUE]) for value in block.get_all("Original-Rcpt-To") or []]
        emails = [one for one in said if one] or _addresses(original)
        kind: Literal["complaint", "other"] = "other" if feedback == "not-spam" else "complaint"
        found += [
            Bounce(kind, email, message_id=_message_id(original), feedback=feedback, mails=_mails(original),
                   emails=(email,)) for email in emails
        ]  # fmt: skip
    return found


def _status_blocks(parts: list[Mail]) -> Iterator[Mail]:
    """The blocks of each recipient; the first block of a status is about the message as a whole."""
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            for block in payload if isinstance(payload, list) else []:
                if isinstance(block, Mail) and ("Final-Recipient" in block or "Original-Recipient" in block):
                    yield block


def _blocks(parts: list[Mail], kind: str) -> Iterator[Mail]:
    for part in parts:
        if part.get_content_type() == kind:
            payload = part.get_payload()
            if isinstance(payload, list):
                yield from (one for one in payload if isinstance(one, Mail))
            else:
                yield message_from_bytes(_bytes(part))


def _original(parts: list[Mail]) -> Mail | None:
    """The mail that the report is about, or its headers."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Mail):
                return payload[0]
        if part.get_content_type() == "text/rfc822-headers":
            return message_from_bytes(_bytes(part))
    return None


def _bytes(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _message_id(original: Mail | None) -> str:
    return _text(original, "Message-ID").strip("<> ")[:200] if original is not None else ""


def _mails(original: Mail | None) -> tuple[str, ...]:
    """What the mail that a report is about was called."""
    found = (_message_id(original), _text(original, REFERENCE).strip("<> ")[:200] if original is not None else "")
    return tuple(dict.fromkeys(one for one in found if one))


def _addresses(original: Mail | None) -> list[str]:
    values = [str(value)[:_VALUE] for value in (original.get_all("To") or [])[:_PARTS]] if original is not None else []
    return [email for _, email in getaddresses(values) if "@" in email][:20]


def _address(value: str) -> str:
    """`rfc822; a@b.cn` or `<a@b.cn>` as the address."""
    found = value.rpartition(";")[2].strip().strip("<>")
    return found if "@" in found and len(found) <= 254 and not found.split()[1:] else ""


def _text(mail: Mail, name: str) -> str:
    """A header in clear; one that can't be decoded as it is."""
    value = mail.get(name)
    if value is None:
        return ""
    value = str(value)[:_VALUE]
    try:
        return str(make_header(decode_header(value))).replace("\r", "").replace("\n", "").strip()
    except (ValueError, LookupError, UnicodeError):
        return value.strip()
