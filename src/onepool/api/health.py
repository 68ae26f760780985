"""What the home page says is wrong, from its own figures."""

from __future__ import annotations

from collections.abc import Sequence

from onepool.api.models.common import Titles
from onepool.api.models.home import HealthProblem, TouchpointFigures

LATE_SECONDS, VERY_LATE_SECONDS = 60, 600
BAD_SHARE = 0.05


def problems(
    delay: float,
    total_events: int,
    quarantine_open: int,
    touchpoints: Sequence[TouchpointFigures],
    tick: str | None = None,
) -> list[HealthProblem]:
    """Everything that wants attention, the worst first. `tick`: why the tick can't go on."""
    found: list[HealthProblem] = []
    if tick is not None:
        found.append(
            HealthProblem(
                code="tick",
                severity="error",
                message=Titles(zh=f"数据处理停住了：{tick}", en=f"Processing is stuck: {tick}"),
                hint=Titles(
                    zh="已收到的数据不会丢失，系统会不断重试；请检查磁盘与内存，并查看服务日志。",
                    en="Nothing received is lost; it is tried again and again. See disk, memory and the server's log.",
                ),
            )
        )
    if delay >= LATE_SECONDS:
        minutes = int(delay // 60)
        found.append(
            HealthProblem(
                code="late",
                severity="error" if delay >= VERY_LATE_SECONDS else "warning",
                message=Titles(
                    zh=f"数据处理落后 {minutes} 分钟", en=f"Processing is {minutes} min behind what was received"
                ),
                hint=Titles(
                    zh="已收到的数据不会丢失；请检查工作进程是否运行、机器是否过载。",
                    en="Nothing received is lost. See whether the worker runs and the machine is overloaded.",
                ),
            )
        )
    for touchpoint in touchpoints:
        seen = touchpoint.events_24h + touchpoint.quarantined_24h
        if seen and touchpoint.quarantined_24h / seen >= BAD_SHARE:
            share = round(100 * touchpoint.quarantined_24h / seen)
            found.append(
                HealthProblem(
                    code="quarantine-share",
                    severity="warning",
                    message=Titles(
                        zh=f"触点“{touchpoint.title.zh}”近 24 小时有 {share}% 的数据进入隔离区",
                        en=f"{share}% of what {touchpoint.title.en} sent in 24 hours is in quarantine",
                    ),
                    hint=Titles(
                        zh="在隔离区查看原因，修正来源或映射后重试。",
                        en="See the reasons in quarantine, mend the source or its mapping, then replay.",
                    ),
                )
            )
        elif not seen and touchpoint.last_at is not None:
            found.append(
                HealthProblem(
                    code="silent",
                    severity="warning",
                    message=Titles(
                        zh=f"触点“{touchpoint.title.zh}”24 小时内没有数据",
                        en=f"{touchpoint.title.en} has sent nothing for 24 hours",
                    ),
                    hint=Titles(
                        zh="检查该来源的接入是否中断。", en="See whether the connection of this source is broken."
                    ),
                )
            )
    if total_events == 0:
        found.append(
            HealthProblem(
                code="empty",
                severity="info",
                message=Titles(zh="还没有收到任何数据", en="Nothing has been received yet"),
                hint=Titles(
                    zh="用 onepool import 导入文件，或用写入密钥接入一个触点。",
                    en="Import a file with `onepool import`, or connect a touchpoint with its write key.",
                ),
            )
        )
    elif quarantine_open:
        found.append(
            HealthProblem(
                code="quarantine-open",
                severity="info",
                message=Titles(zh=f"隔离区有 {quarantine_open} 条待处理", en=f"{quarantine_open} items in quarantine"),
            )
        )
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda problem: order[problem.severity])
