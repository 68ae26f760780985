"""Moves between segments read back in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onepool.audience.conditions.model import DidLeaf, DidNotLeaf
from onepool.audience.conditions.moves.model import segments_moved

if TYPE_CHECKING:
    from onepool.audience.conditions.sentence import Writer

# event -> (Chinese: did, did not; English: did, did not)
_WORDS = {
    "segment_entered": ("进入过", "没有进入过", "entered", "did not enter"),
    "segment_left": ("离开过", "没有离开过", "left", "did not leave"),
}


def move_sentence(leaf: DidLeaf | DidNotLeaf, writer: Writer) -> str:
    """`entered the segment “VIP” in the last 30 days, at least 2 times`."""
    asked = leaf.figure()
    negated = isinstance(leaf, DidNotLeaf)
    verb = _WORDS[leaf.event][(0 if writer.zh else 2) + (1 if negated and asked is None else 0)]
    names = [writer.quoted("segment", one) for one in segments_moved(leaf.event, leaf)]
    window = writer.window(leaf.within) + writer.since(leaf)
    if writer.zh:
        text = f"{window}{verb}人群{'或'.join(names)}"
    else:
        text = " ".join(part for part in (f"{verb} the segment {' or '.join(names)}", window.strip()) if part)
    if asked is None:
        return text
    text = f"{text}{'，' if writer.zh else ', '}{writer.figure(*asked)}"
    if not negated:
        return text
    return f"不满足（{text}）" if writer.zh else f"not ({text})"
