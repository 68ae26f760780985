"""Two people who edit the same: the later one is told, with who was there before and when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from onepool.api.problems import Conflict
from onepool.api.workspace import WorkspaceLike
from onepool.definitions import Definition


def refuse_outdated(
    ws: WorkspaceLike, item: Definition | None, version: int | None, what: str, *, code: str = "conflict"
) -> None:
    """Raises Conflict where another version than the one that was edited is current (0: there was none).

    Nothing is refused where no version was said. What is saved between here and the writing is refused there
    (`Definitions.save(expected=…)`).
    """
    present = 0 if item is None else item.version
    if version is None or version == present:
        return
    if item is None:
        said = "有人已经把它删除 / somebody deleted it meanwhile"
    else:
        zone = ZoneInfo(ws.settings.time_zone)
        at = f"{item.created_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        who = item.author.removeprefix("user:")
        said = f"{who} 已在 {at} 保存了第 {present} 版 / {who} saved version {present} meanwhile, at {at}"
    raise Conflict(said, where="version", hint=f"load {what} anew", code=code)
