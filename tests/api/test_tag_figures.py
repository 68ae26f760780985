"""What a tag's page says of its values is kept until one of them changes, and then counted anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onepool.api.tag_figures import KeptSpreads, TagSpread
from onepool.clock import FakeClock
from onepool.collect.log import NewRecord
from onepool.pool import catalog
from onepool.pool.histogram import histogram
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace

from .test_tags import NOW

TAGS: dict[str, dict[str, Any]] = {
    "spent": {"kind": "metric", "from": {"did": "order_paid", "sum": "amount"}},
    "level": {
        "kind": "metric", "from": {"did": "order_paid", "sum": "amount"},
        "cut": {"by": "number", "at": [60], "labels": ["low", "high"]},
    },
    "viewed": {"kind": "metric", "from": {"did": "product_viewed", "times": True}},
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Workspace, Worker]]:
    ws = init_workspace(tmp_path / "brand", clock=FakeClock(NOW))
    ws.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web", "title": "s", "write_key": "w"}, author="t")
    for name, body in TAGS.items():
        ws.save("tag", name, {"tag": name, "title": name, "says": "value", **body}, author="t")
    worker = Worker(ws)
    yield ws, worker
    worker.close()
    ws.close()


def comes(ws: Workspace, worker: Worker, event: str, who: str, amount: int) -> None:
    call = (
        f'{{"type":"track","event":"{event}","userId":"{who}","messageId":"{event}{who}{amount}",'
        f'"timestamp":"2026-11-11T00:00:00Z","properties":{{"order_id":"{who}{amount}","amount":{amount},'
        f'"currency":"CNY"}}}}'
    )
    ws.log.append([NewRecord(NOW, "shop", "segment", b'{"call":"batch"}', f'{{"batch":[{call}]}}'.encode())])
    worker.drain()


def counted(ws: Workspace, tag: str, revision: int | None) -> TagSpread:
    with ws.pool.read() as session:
        return TagSpread(
            revision,
            catalog.tag_figures(session, tag).get(tag),
            catalog.tag_distribution(session, tag),
            catalog.tag_spread(session, tag),
            histogram(session, tag),
        )


def test_figures_are_those_of_the_values_as_they_are(
    made: tuple[Workspace, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, worker = made
    kept = KeptSpreads()
    scans: list[str] = []
    real = catalog.tag_distribution

    def looked(session: Any, tag: str) -> list[tuple[str, int]]:
        scans.append(tag)
        return real(session, tag)

    def same() -> list[str]:
        scans.clear()
        for tag in TAGS:
            with monkeypatch.context() as patch, ws.pool.read() as session:
                patch.setattr(catalog, "tag_distribution", looked)
                found = kept.of(session, tag)
            assert found == counted(ws, tag, found.revision)
        return [*scans]

    same()
    comes(ws, worker, "order_paid", "u1", 50)
    assert same() == [*TAGS]
    assert same() == []
    comes(ws, worker, "product_viewed", "u1", 1)
    assert same() == ["viewed"]
    with ws.pool.read() as before:
        was = kept.of(before, "spent")
        assert was.figures is not None and was.figures.coverage == 1
        comes(ws, worker, "order_paid", "u2", 70)
        assert same() == ["spent", "level"]
        # An older snapshot has its own figures, and what is kept stays the newest.
        assert kept.of(before, "spent") == was
    assert same() == []
