"""What the tick reads: opens, clicks, unsubscriptions, bounces, complaints, and a gateway's reports."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from onepool.channels.base import Decoded, Gathering, Push
from onepool.channels.base.commerce import text
from onepool.channels.base.machines import image_proxy, machine_agent
from onepool.channels.email.bounces import Bounce, bounces

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EVENTS: Final = {
    "open": "message_read",
    "opened": "message_read",
    "click": "message_clicked",
    "clicked": "message_clicked",
    "unsubscribe": "opted_out",
    "unsubscribed": "opted_out",
    "complained": "opted_out",
    "complaint": "opted_out",
    "delivered": "message_delivered",
    "bounced": "message_failed",
    "bounce": "message_failed",
    "dropped": "message_failed",
}
_LONGEST: Final = 2000


def read(push: Push) -> Decoded:
    """Each thing that a push tells, under the standard's names."""
    found = Gathering()
    if push.plain is None and push.rest.startswith("inbound"):
        _mail(found, push)
        return found.decoded()
    try:
        content = msgspec.json.decode(push.plain if push.plain is not None else push.body)
    except _UNREADABLE as error:
        found.refuse("email.unreadable", f"not readable as JSON: {type(error).__name__}", push.body)
        return found.decoded()
    for one in content if isinstance(content, list) else [content]:
        if isinstance(one, dict) and "@" in text(one.get("email")):
            _report(found, push, one)
        else:
            found.refuse("email.shape", "a report names its type and the address", msgspec.json.encode(one))
    return found.decoded()


def _report(found: Gathering, push: Push, one: dict[str, Any]) -> None:
    kind = text(one.get("type")).lower()
    name = _EVENTS.get(kind)
    own = push.plain is not None
    fields: dict[str, Any] = {
        "message_id": text(one.get("message_id")),
        "message_channel": "email",
        "campaign": text(one.get("campaign")),
    }
    agent = push.agent if own else text(one.get("user_agent"))
    ip = push.ip if own else text(one.get("ip"))
    if name in ("message_read", "message_clicked"):
        fields |= {"user_agent": agent, "ip": ip}
        if name == "message_read":
            fields["is_proxy"] = image_proxy(agent, ip) if own or agent else None
        else:
            fields |= {
                "link_url": text(one.get("url"))[:_LONGEST],
                "bot": machine_agent(agent) if own or agent else None,
            }
    elif name == "opted_out":
        method = text(one.get("method")) or ("complaint" if kind.startswith("compl") else "page")
        fields |= {"method": method, "reason": text(one.get("reason"))}
    elif name == "message_failed":
        status = text(one.get("status")) or text(one.get("code"))
        fields |= _failure(status, text(one.get("reason")) or text(one.get("message")), text(one.get("bounce_type")))
    at = one.get("time")
    moment = at if isinstance(at, int | float | str) and not isinstance(at, bool) else None
    email = text(one.get("email"))
    # A gateway repeats its reports; our own links are opened as often as somebody opens them.
    key = None if own else f"{kind}.{fields['message_id']}.{email}.{moment}.{text(one.get('url'))}"
    if name is None:
        fields = {key_: value for key_, value in one.items() if key_ not in ("type", "email", "time")}
    found.add("event", name or f"email.{kind or 'report'}", [("email", "", email)], time=moment, message_id=key,
              fields=fields)  # fmt: skip


def _mail(found: Gathering, push: Push) -> None:
    """A mail that came back, or one that somebody wrote."""
    reported = bounces(push.body)
    if reported is None:
        found.refuse("email.no_report", "a mail that is neither a bounce nor a complaint", push.body)
        return
    if not reported:
        found.refuse("email.report", "a report that names no recipient", push.body)
    for one in reported:
        _bounce(found, one)


def _bounce(found: Gathering, one: Bounce) -> None:
    ids = [("email", "", one.email)]
    fields: dict[str, Any] = {"message_id": one.message_id, "message_channel": "email"}
    key = f"{one.kind}.{one.message_id}.{one.email}.{one.status}" if one.message_id else None
    if one.kind == "failed":
        found.add("event", "message_failed", ids, message_id=key, fields=fields | _failure(one.status, one.words, ""))
    elif one.kind == "delivered":
        found.add("event", "message_delivered", ids, message_id=key, fields=fields)
    elif one.kind == "complaint":
        told = {"message_channel": "email", "method": "complaint", "reason": one.feedback}
        found.add("event", "opted_out", ids, message_id=key, fields=told)
    else:
        name = "email.delayed" if one.kind == "delayed" else "email.report"
        more = {"status": one.status, "feedback": one.feedback, "words": one.words[:500]}
        found.add("event", name, ids, message_id=key, fields=fields | more)


def _failure(status: str, words: str, said: str) -> dict[str, Any]:
    """A bounce by its status (RFC 3463): for good (hard) or for now (soft), and why."""
    match = re.search(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", status) or re.search(r"\b([45])(\d)(\d)\b", status)
    soft = said == "soft" or (said != "hard" and match is not None and match[1] == "4")
    full = match is not None and (match[2], match[3]) == ("2", "2")
    reason = "unknown"
    if soft or full:
        reason = "over_limit" if full else "transient"
    elif match is not None and "." in match[0]:
        reason = {
            "1": "bad_address",
            "2": "bad_address",
            "4": "bad_address",
            "6": "template_error",
            "7": "refused",
        }.get(match[2], "unknown")
    elif match is not None or said == "hard":
        reason = "bad_address"
    return {
        "failure_code": status,
        "failure_reason": reason,
        "failure_text": re.sub(r"\S+@\S+", "…", words)[:500],
        "bounce_type": "soft" if soft or full else "hard",
    }
