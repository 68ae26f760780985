"""What became of calls, written to the outbox: accepted, tried again, given up, not to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, text, update

from onepool.channels.base import Account, Manifest, Receipt
from onepool.clock import from_micros
from onepool.reach import accounts, allowances, keys, shared_tasks, tasks
from onepool.reach.accounts import Standing
from onepool.reach.breaker import Breaker
from onepool.reach.buckets import SECOND
from onepool.reach.claim import Claimed, per_of
from onepool.reach.policies import micros
from onepool.reach.policy_model import Policy
from onepool.reach.rules import DAY, SendPolicy
from onepool.reach.states import PERHAPS_OUT, SendState, perhaps_out
from onepool.state.bulk import update_many
from onepool.state.outbox import send_attempts, sends

ASK_FIRST: Final = 60 * SECOND
"""After a call that may have gone out it is asked that much later what became of it."""

ASK_LATER: Final = 30 * 60 * SECOND
ASK_FOR: Final = DAY
"""For so long it is asked again; then the message stays unknown."""

_MINE: Final = text("(state IN (3, 6) OR (state = 21 AND reason = 'staff_timeout'))")
_ACCEPTED: Final = text("state = 10")
"""Messages whose outcome is open, claimed or unknown; and those that somebody gave up waiting for (states.py)."""

_PATIENCE: Final = DAY
"""A message without an expiry waits that long for an account that can't send."""

_NEVER_CALLED: Final = Receipt(
    "unknown", "unknown", detail="the sender ended before it was known what came of the call"
)


@dataclass(frozen=True, slots=True)
class Result:
    """A call that has ended. `at`: when (µs)."""

    claimed: Claimed
    receipt: Receipt
    at: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a receipt. `final`: for the chain."""

    state: SendState
    reason: str | None
    due: int | None
    final: bool


def verdict(
    receipt: Receipt, policy: SendPolicy, number: int, send_id: int, *, now: int, planned: int, expires: int | None,
    idempotent: bool, askable: bool, perhaps: bool = False,
) -> Verdict:  # fmt: skip
    """What is to be done after attempt `number`. Pure.

    An account that can't send at all uses up no attempts: its messages wait until they expire. `perhaps`: a call before
    this one may have gone out (states.PERHAPS_OUT): what certainly did not go out now changes nothing of that.
    """
    found = _verdict(receipt, policy, number, send_id, now, planned, expires, idempotent, askable)
    if perhaps and found.state == SendState.FAILED:
        return Verdict(SendState.UNKNOWN, "unknown", None, True)
    if perhaps and found.state == SendState.RETRY:
        return Verdict(SendState.RETRY, "unknown", found.due, False)
    return found


def _verdict(
    receipt: Receipt, policy: SendPolicy, number: int, send_id: int, now: int, planned: int, expires: int | None,
    idempotent: bool, askable: bool,
) -> Verdict:  # fmt: skip
    reason = receipt.reason
    if receipt.state == "sent":
        return Verdict(SendState.ACCEPTED, None, None, True)
    if receipt.state == "task":
        return Verdict(SendState.TASK, None, now + _micros(receipt.after, ASK_LATER), False)
    if receipt.state == "unknown":
        if policy.unknown == "resend" and idempotent and number <= policy.retry.max:
            return _again(receipt, policy, number, send_id, now, expires, "unknown")
        if policy.unknown == "query" and askable:
            return Verdict(SendState.UNKNOWN, "unknown", now + ASK_FIRST, False)
        return Verdict(SendState.UNKNOWN, "unknown", None, True)
    account = receipt.account and reason in ("account_error", "rate_limited", "over_limit")
    if account and expires is None and now - planned > _PATIENCE:
        return Verdict(SendState.FAILED, reason, None, True)
    named = reason in policy.retry.on and number <= policy.retry.max
    if account or named:
        return _again(receipt, policy, number, send_id, now, expires, reason or "transient")
    return Verdict(SendState.FAILED, reason or "transient", None, True)


def _again(
    receipt: Receipt, policy: SendPolicy, number: int, send_id: int, now: int, expires: int | None, reason: str
) -> Verdict:
    """Later, by the policy's back-off (and a tenth more or less, by the message's key), not before the platform wants
    it; `expired` where that is too late."""
    backoff = policy.retry.backoff
    wait = backoff[min(number, len(backoff)) - 1] * SECOND if backoff else 10 * SECOND
    spread = int(keys.key("backoff", send_id, number)[0]) % (wait // 5 + 1) - wait // 10
    due = now + max(wait + spread, _micros(receipt.after, 0))
    if expires is not None and due > expires:
        # What may have gone out goes on counting for caps.
        return Verdict(SendState.UNKNOWN if reason == "unknown" else SendState.FAILED,
                       "unknown" if reason == "unknown" else "expired", None, True)  # fmt: skip
    return Verdict(SendState.RETRY, reason, due, False)


def record(
    connection: Connection, calls: Sequence[Sequence[Result]], account: Account, manifest: Manifest,
    standing: Standing, policy: Policy, *, askable: bool,
) -> None:  # fmt: skip
    """Write the results of one account's calls (the messages of each), in the caller's transaction."""
    rows, attempts, since, handed = [], [], [], []
    results = [one for call in calls for one in call]
    for one in results:
        row, receipt = one.claimed.row, one.receipt
        found = verdict(
            receipt, one.claimed.policy, one.claimed.number, row.send_id, now=one.at, planned=row.planned,
            expires=row.expires, idempotent=one.claimed.kind.idempotent, askable=askable,
            perhaps=perhaps_out(row.state, row.reason),
        )  # fmt: skip
        if perhaps_out(row.state, row.reason) and found.state == SendState.RETRY:
            since.append((row.claimed, row.send_id))
        price = policy.price(row.channel, row.kind) if found.state == SendState.ACCEPTED else None
        concluded = one.at if found.final else None
        rows.append((int(found.state), found.reason, found.due, concluded, receipt.provider_id or None,
                     receipt.code[:64] or None, price, one.at, row.send_id))  # fmt: skip
        attempts.append((one.at, receipt.state, receipt.reason, receipt.code[:64], receipt.provider_id[:128],
                         receipt.detail[:1000], row.send_id, one.claimed.number))  # fmt: skip
        _allow(connection, manifest, account.touchpoint, one, found)
        if found.state == SendState.TASK:
            handed.append(one)
    for call in calls:
        # One call says one thing of its account, however many messages went in it.
        standing.breaker = _health(standing, next((one for one in call if _trouble(one.receipt)), call[0]), policy)
    shared_tasks.open_for(connection, handed)
    write(connection, rows)
    keep_since(connection, since)
    end_attempts(connection, attempts)
    accounts.save(connection, standing, max(one.at for one in results))


def write(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write outcomes of messages that are claimed, or were so until somebody gave them up."""
    names = ("state", "reason", "due", "concluded", "provider_id", "code", "cost", "changed")
    # The receipt's event may have come around already (reach/arrivals.py): then the rest of it is written.
    again = and_(_ACCEPTED, bindparam("accepted") == 1)
    change = update(sends).where(sends.c.send_id == bindparam("of"), or_(_MINE, again))
    told = [(*row, int(row[0] == SendState.ACCEPTED)) for row in rows]
    change = change.values({n: bindparam(f"to_{n}") for n in names})
    update_many(connection, change, [*(f"to_{n}" for n in names), "of", "accepted"], told)


def keep_since(connection: Connection, rows: Sequence[tuple[int | None, int]]) -> None:
    """Of messages that may be out write since when (`claimed`, send id): a further call that did not go out does not
    make the first one any later."""
    change = update(sends).where(sends.c.send_id == bindparam("of"), text(PERHAPS_OUT))
    update_many(connection, change.values(claimed=bindparam("to_claimed")), ["to_claimed", "of"], rows)


def end_attempts(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write how calls ended."""
    names = ("ended", "state", "reason", "code", "provider_id", "detail")
    t = send_attempts.c
    change = update(send_attempts).where(t.send_id == bindparam("of"), t.number == bindparam("nth"))
    change = change.values({n: bindparam(f"to_{n}") for n in names})
    update_many(connection, change, [*(f"to_{n}" for n in names), "of", "nth"], rows)


def _allow(connection: Connection, manifest: Manifest, touchpoint: str, one: Result, found: Verdict) -> None:
    """Give back what a message that did not go out took, or close what the platform says is used up."""
    kind, identifier = one.claimed.kind, _identifier(connection, one)
    gone = found.state in (SendState.ACCEPTED, SendState.TASK, SendState.UNKNOWN)
    if kind.allowance is None or identifier is None or gone or perhaps_out(found.state, found.reason):
        return
    per = per_of(manifest, kind, one.claimed.message.content)
    if found.reason in ("over_limit", "refused"):
        allowances.close(connection, touchpoint, identifier, kind.allowance, from_micros(one.at), per)
    else:
        allowances.give_back(connection, touchpoint, identifier, kind.allowance, per)


def _identifier(connection: Connection, one: Result) -> int | None:
    if one.claimed.kind.allowance is None:
        return None
    query = select(sends.c.identifier_id).where(sends.c.send_id == one.claimed.send_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else int(found)


def _health(standing: Standing, one: Result, policy: Policy) -> Breaker:
    """The account's breaker after a call. What concerns one customer says nothing about it."""
    receipt = one.receipt
    if not _trouble(receipt):
        return standing.breaker.succeeded()
    rest = micros(policy.breaker.rest) or 60 * SECOND
    why = " ".join(part for part in (receipt.reason or receipt.state, receipt.code, receipt.detail) if part)
    return standing.breaker.failed(
        one.at, why[:200], policy.breaker.failures, rest, account=receipt.account, after=_micros(receipt.after, 0)
    )


def _trouble(receipt: Receipt) -> bool:
    return receipt.account or receipt.state == "unknown" or (
        receipt.state == "retry" and receipt.reason in ("transient", "account_error")
    )  # fmt: skip


def answered(connection: Connection, row: Any, receipt: Receipt, now: int, *, claimed_at: int) -> Verdict | None:
    """Write what a later question brought about a message that is a task or unknown; None: ask again."""
    # The answer may come after a person or the executor said something else of it.
    same = and_(sends.c.send_id == row.send_id, sends.c.state == row.state)
    if receipt.state == "sent":
        found = Verdict(SendState.ACCEPTED, None, None, True)
    elif receipt.state == "refused":
        found = Verdict(SendState.FAILED, receipt.reason or "refused", None, True)
    elif row.state == SendState.UNKNOWN and receipt.state == "task" and receipt.provider_id and not row.provider_id:
        return _handed(connection, row, receipt, same, now)
    elif row.state == SendState.UNKNOWN and now - claimed_at > ASK_FOR:
        found = Verdict(SendState.UNKNOWN, "unknown", None, True)
    else:
        later = now + max(_micros(receipt.after, ASK_LATER), 5 * 60 * SECOND)
        connection.execute(update(sends).where(same).values(due=later, changed=now))
        return None
    values: dict[str, Any] = {"state": int(found.state), "reason": found.reason, "due": None, "changed": now}
    if row.concluded is None:
        values["concluded"] = now
    if receipt.provider_id:
        values["provider_id"] = receipt.provider_id[:128]
    if receipt.code:
        values["code"] = receipt.code[:64]
    # Who gave it up meanwhile (no answer in time) is told of a late success by its state only.
    if row.concluded is None or found.state == SendState.ACCEPTED:
        given_up = and_(sends.c.send_id == row.send_id, sends.c.state == int(SendState.FAILED),
                        sends.c.reason == "staff_timeout")  # fmt: skip
        which = or_(same, given_up) if found.state == SendState.ACCEPTED else same
        connection.execute(update(sends).where(which).values(**values))
    else:
        connection.execute(update(sends).where(same).values(due=None, changed=now))
    tasks.close_for(connection, row.send_id, now, "sent" if receipt.state == "sent" else found.reason or "failed")
    return found


def _handed(connection: Connection, row: Any, receipt: Receipt, same: Any, now: int) -> Verdict:
    """The platform has a message whose call had no answer: it waits for whoever has to confirm it."""
    due = now + max(_micros(receipt.after, ASK_LATER), 5 * 60 * SECOND)
    number = receipt.provider_id[:128]
    values = {"state": int(SendState.TASK), "reason": None, "due": due, "provider_id": number, "changed": now}
    if connection.execute(update(sends).where(same).values(**values)).rowcount:
        shared_tasks.open_found(connection, row, number, now)
    return Verdict(SendState.TASK, None, due, False)


def release(connection: Connection, manifest: Manifest, claimed: Sequence[Claimed], now: int) -> None:
    """Put back what was claimed and not called: as if it had not been claimed."""
    for one in claimed:
        mine = and_(sends.c.send_id == one.send_id, sends.c.state == int(SendState.CLAIMED))
        values = {"state": one.row.state, "claimed": one.row.claimed, "claimer": None, "attempts": one.number - 1,
                  "due": one.row.due, "changed": now}  # fmt: skip
        if connection.execute(update(sends).where(mine).values(**values)).rowcount != 1:
            continue
        t = send_attempts.c
        connection.execute(delete(send_attempts).where(t.send_id == one.send_id, t.number == one.number))
        query = select(sends.c.identifier_id).where(sends.c.send_id == one.send_id)
        identifier = connection.execute(query).scalar_one()
        again = perhaps_out(one.row.state, one.row.reason)
        if one.kind.allowance is not None and identifier is not None and not again:
            per = per_of(manifest, one.kind, one.message.content)
            allowances.give_back(connection, one.row.touchpoint, identifier, one.kind.allowance, per)


def lost() -> Receipt:
    """The receipt of a call whose sender died."""
    return _NEVER_CALLED


def _micros(seconds: float | None, missing: int) -> int:
    return missing if seconds is None else int(seconds * SECOND)


LATE: Final = 7 * DAY
"""For so long after its planning a task that was given up is asked after: a late success is recorded."""
