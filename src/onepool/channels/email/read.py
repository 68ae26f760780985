"""What the tick reads: opens, clicks, unsubscriptions, bounces, complaints, and a gateway's reports."""

from __future__ import annotations

import re
from dataclasses import replace
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
_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(r"\s*\b([45]\d\d)\b")
_GONE: Final = frozenset({("2", "1"), ("4", "4")})
"""Beside X.1: the mailbox is closed; the domain leads nowhere. (X.1.7 and X.1.8 are about the sender.)"""
_CONTENT: Final = frozenset({("2", "3"), ("3", "4"), *(("6", str(one)) for one in range(10))})

_Proofs = list[tuple[str, str] | None]


def read(push: Push) -> Decoded:
    """Each thing that a push tells, under the standard's names."""
    found = Gathering()
    if push.plain is None and push.rest.startswith("inbound"):
        _mail(found, push, None)  # of before reports had to be proved
        return found.decoded()
    try:
        content = msgspec.json.decode(push.plain if push.plain is not None else push.body)
    except _UNREADABLE as error:
        found.refuse("email.unreadable", f"not readable as JSON: {type(error).__name__}", push.body)
        return found.decoded()
    if push.plain is not None and push.rest.startswith("inbound") and isinstance(content, dict) and "proved" in content:
        try:
            _mail(found, push, msgspec.convert(content["proved"], _Proofs))
        except msgspec.ValidationError as error:
            found.refuse("email.unreadable", f"not what was noted of a mail: {error}", push.plain)
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


def _mail(found: Gathering, push: Push, proved: _Proofs | None) -> None:
    """A mail that came back, or one that somebody wrote.

    ``proved``: for each thing that it reports the address and the Message-ID, where it is about a mail of ours.
    """
    reported = bounces(push.body)
    if reported is None:
        found.refuse("email.no_report", "a mail that is neither a bounce nor a complaint", push.body)
        return
    if not reported:
        found.refuse("email.report", "a report that names no recipient", push.body)
    unproved = 0
    for number, one in enumerate(reported):
        about = (one.email, one.message_id) if proved is None else proved[number] if number < len(proved) else None
        if about is None:
            unproved += 1
        else:
            _bounce(found, replace(one, email=about[0], message_id=about[1]))
    if unproved:
        words = "about no mail that this touchpoint sent to that address: it may be made up, or about another system's"
        found.refuse("email.unproved", f"a report (of {unproved} recipients) {words}; it ends no address", push.body)


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
    """A bounce by its status (RFC 3463), and why: ``hard`` where there is no such address, which ends it; ``soft`` for
    now; ``blocked`` where the address may be good and this mail, its sender or the server was not."""
    match = _ENHANCED.search(status) or _ENHANCED.search(words)
    plain = _CODE.search(status) or _CODE.match(words)
    code = plain[1] if plain is not None and match is None else ""
    detail = (match[2], match[3]) if match is not None else ("", "")
    full = detail == ("2", "2") or code == "552"
    later = detail == ("4", "7") or (match[1] if match is not None else code[:1]) == "4"
    gone = (detail[0] == "1" and detail[1] not in ("7", "8")) or detail in _GONE or code in ("550", "551", "553")
    if said == "soft" or full or (later and said != "hard"):
        kind, reason = "soft", "over_limit" if full else "transient"
    elif said == "hard" or gone:
        kind, reason = "hard", "bad_address"
    else:
        kind = "blocked"
        reason = "account_error" if detail[0] == "1" else "template_error" if detail in _CONTENT else "unknown"
        if detail[0] in ("2", "7") or code == "554":
            reason = "refused"
    return {
        "failure_code": status,
        "failure_reason": reason,
        "failure_text": re.sub(r"\S+@\S+", "…", words)[:500],
        "bounce_type": kind,
    }
