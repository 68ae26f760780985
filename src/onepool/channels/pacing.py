"""Fetching at the pace that a platform allows: its quota of calls, and what it says when there were too many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from onepool.channels.base import Answer, Call, Manifest
from onepool.clock import Clock

Wait = Callable[[float], object]
"""Waits for so many seconds; True where it was told to stop meanwhile."""

TRIES: Final = 6
"""How often a call is made again that the platform put off, before the run ends."""

_LONGEST: Final = 60.0
_SHORT_ANSWER: Final = 4_000
_WORDS: Final = re.compile(
    r"限流|频率|频繁|超频|超限|too many|rate.?limit|frequen|freq out of|throttl|concurrent out of|access.?control",
    re.IGNORECASE,
)
_BAN: Final = re.compile(r"will last for (\d{1,6}) more seconds")
_DAY: Final = re.compile(r"per.?day|by-app-access-count|daily|当日|每日|今日|日调用", re.IGNORECASE)


def put_off(answer: Answer) -> float | None:
    """Seconds after which a call may be made again that came too soon; None for any other answer.

    Status 429 (`Retry-After`), or a short refusal in the platform's words. A quota of a day is none of these: the run
    ends, and the next one goes on.
    """
    if answer.status == 429:
        said = answer.headers.get("retry-after", "")
        return float(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0.0
    if len(answer.body) > _SHORT_ANSWER:
        return None
    body = answer.json()
    if not isinstance(body, dict) or not _refused(body):
        return None
    words = json.dumps(body, ensure_ascii=False)
    ban = _BAN.search(words)
    if ban is not None:
        return float(ban[1])
    return 0.0 if _WORDS.search(words) and not _DAY.search(words) else None


def _refused(body: dict[str, object]) -> bool:
    """Whether an answer has a code that refuses: data may hold any words."""
    if {"error_response", "gw_err_resp"} & body.keys() or body.get("success") is False:
        return True
    codes = (body.get(name) for name in ("errcode", "error_code", "code", "err_no"))
    return any(code not in (None, 0, "0", 200, "200") for code in codes)


class Pace:
    """At most so many calls per seconds over one line, evenly spaced, so that no second has more than it may."""

    def __init__(self, manifest: Manifest, clock: Clock) -> None:
        rates = [one.seconds / one.count for one in manifest.quotas
                 if one.name == "calls" and one.scope == "account" and one.seconds]  # fmt: skip
        self._interval = max(rates, default=0.0)
        self._clock = clock
        self._next = 0.0
        self._waited_until = 0.0

    def turn(self) -> float:
        """Take a place; how many seconds to wait for it."""
        if not self._interval:
            return 0.0
        now = max(self._clock.now().timestamp(), self._waited_until)
        at = max(self._next, now)
        self._next = at + self._interval
        self._waited_until = at  # by a clock that stands still (a test's) too
        return at - now


class Stopped(Exception):
    """The run is to be left off while it waits."""


def called(call: Call, send: Callable[[Call], Answer], pace: Pace, wait: Wait) -> Answer:
    """Make a call of a fetch, in its turn, and again after a while where the platform puts it off. Raises Stopped."""
    for tried in range(TRIES + 1):
        if (seconds := pace.turn()) > 0 and wait(seconds):
            raise Stopped
        answer = send(call)
        after = put_off(answer) if call.idempotent or call.method == "GET" else None
        if after is None or after > _LONGEST or tried == TRIES:
            return answer
        if wait(max(after, min(2.0**tried, _LONGEST))):
            raise Stopped
    raise AssertionError
