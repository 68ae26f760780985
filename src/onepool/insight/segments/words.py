"""What a change of a segment means for those who use it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onepool.definitions import Definitions
from onepool.insight.lineage import DEFINED, reads
from onepool.insight.segments.plan import SegmentPlan

Kind = Literal["segment", "tag", "destination", "list"]


@dataclass(frozen=True, slots=True)
class Use:
    """Something that uses the segment, perhaps through other segments. Counts: of segments, and of destinations the
    members that come and go there."""

    kind: Kind
    name: str
    title: Mapping[str, str]
    before: int | None
    after: int | None
    entered: int | None
    left: int | None
    means: dict[Literal["zh", "en"], str]


def uses_of(definitions: Definitions, name: str | None, plan: SegmentPlan) -> list[Use]:
    """Everything that uses the segment of a plan: segments, then tags, lists and destinations, by name."""
    if name is None or plan.before is None:
        return []
    moved = {name: (plan.entered, plan.left)} | {one.segment: (one.entered, one.left) for one in plan.dependents}
    counted = {one.segment: one for one in plan.dependents}
    found = []
    for kind in DEFINED:
        for item in definitions.current(kind):
            used = {ref.name for ref in reads(kind, item.body) if ref.kind == "segment"} & moved.keys()
            if not used or (kind, item.name) == ("segment", name):
                continue
            one = counted.get(item.name) if kind == "segment" else None
            entered = one.entered if one else sum(moved[segment][0] for segment in used)
            left = one.left if one else sum(moved[segment][1] for segment in used)
            with_counts = kind in ("segment", "destination")
            found.append(
                Use(
                    kind=kind,
                    name=item.name,
                    title=_titles(item.body.get("title"), item.name),
                    before=one.before if one else None,
                    after=one.after if one else None,
                    entered=entered if with_counts else None,
                    left=left if with_counts else None,
                    means=_means(kind, item.body, entered, left, (one.before, one.after) if one else None),
                )
            )
    order = {"segment": 0, "tag": 1, "list": 2, "destination": 3}
    return sorted(found, key=lambda use: (order[use.kind], use.name))


def _means(
    kind: str, body: Mapping[str, Any], entered: int, left: int, sizes: tuple[int, int] | None
) -> dict[Literal["zh", "en"], str]:
    moved_zh, moved_en = f"进入 {entered} 人，离开 {left} 人", f"{entered} enter, {left} leave"
    if not entered and not left:
        return {"zh": "没有影响", "en": "nothing changes"}
    if kind == "segment" and sizes is not None:
        return {
            "zh": f"人数从 {sizes[0]} 变为 {sizes[1]}（{moved_zh}）",
            "en": f"its size goes from {sizes[0]} to {sizes[1]} ({moved_en})",
        }
    if kind == "tag":
        return {
            "zh": f"对受影响的客户重新计算，最多 {entered + left} 人的标签值会变",
            "en": f"it is computed anew; the value of at most {entered + left} customers changes",
        }
    if kind == "destination":
        return _destination(body, entered, left)
    return {"zh": "名单保持原样", "en": "the list stays as it is"}


def _destination(body: Mapping[str, Any], entered: int, left: int) -> dict[Literal["zh", "en"], str]:
    when_zh = "下次运行时" if int(body.get("every") or 0) else "下次手动运行时"
    when_en = "with its next run" if int(body.get("every") or 0) else "when it is run next by hand"
    gone = {
        "delete": ("删除", "deleted there"),
        "mark": ("标记离开时间", "marked as left there"),
        "keep": ("保留", "kept there"),
    }.get(str(body.get("gone") or "delete"), ("删除", "deleted there"))
    if body.get("what") == "changes":
        return {
            "zh": f"{when_zh}送出 {entered} 条进入和 {left} 条离开",
            "en": f"{entered} entries and {left} exits go out {when_en}",
        }
    return {
        "zh": f"{when_zh}送出 {entered} 人；离开的 {left} 人在目的地{gone[0]}",
        "en": f"{entered} go out {when_en}; the {left} who leave are {gone[1]}",
    }


def _titles(title: Any, name: str) -> dict[str, str]:
    if isinstance(title, str) and title:
        return {"zh": title, "en": title}
    return {str(key): str(text) for key, text in title.items()} if isinstance(title, Mapping) else {"zh": name}
