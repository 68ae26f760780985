"""WeCom's codes and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onepool.sandbox.wire import Told, told

WORDS: Final[Mapping[int, str]] = {
    -1: "system busy",
    0: "ok",
    40001: "invalid credential",
    40003: "invalid userid",
    40007: "invalid media_id",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40050: "invalid chat id",
    40058: "invalid request parameter",
    40068: "invalid tagid",
    40096: "invalid external userid",
    41001: "access_token missing",
    41050: "invalid welcome code",
    41051: "externaluser has started chatting",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    60020: "not allow to access from your ip",
    84061: "not external contact",
    84074: "no permission",
    95000: "invalid open_kfid",
    95001: "send msg count limit",
    95002: "send msg time limit",
    95007: "invalid msg code",
    95018: "send msg session status invalid",
}


def say(code: int, what: str, **rest: Any) -> Told:
    """An answer with a code and nothing else."""
    return told({"errcode": code, "errmsg": WORDS.get(code, "error")}, code, what=what, **rest)
