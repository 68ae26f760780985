"""Frames per second while a large journey is panned in the console: a measurement in a browser, not a test.

A journey of so many steps is saved as a draft in the workspace of a running server and drawn unfolded; the pane is
dragged to and fro by the mouse while the page counts its frames, once at the size at which words can be read and once
with all steps in view. A line each: frames by the time between the first and the last, the middle and the slowest of
a hundred gaps between frames, and how many steps stood in the page. The draft is taken away again.

    ONEPOOL_PASSWORD=... python -m bench.canvas_frames http://127.0.0.1:8000 --steps 300
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright
from tests.e2e.console import launch, opened

HEADERS: Final = {"X-OnePool": "1"}
NAME: Final = "bench_canvas"
_COUNT: Final = """() => {
    window.__frames = [];
    const tick = (at) => { window.__frames.push(at); window.__tick = requestAnimationFrame(tick); };
    window.__tick = requestAnimationFrame(tick);
}"""
_STOP: Final = "() => { cancelAnimationFrame(window.__tick); return window.__frames; }"


def journey(steps: int) -> dict[str, Any]:
    """One branch with ten ways, each a chain of waits: broad as well as long, and one fold to open."""
    nodes: dict[str, Any] = {}
    ways, long = 10, max(1, (steps - 2) // 10)
    for way in range(ways):
        for at in range(long):
            after = f"w_{way}_{at + 1}" if at + 1 < long else "end"
            nodes[f"w_{way}_{at}"] = {"do": "wait", "for": f"{at + 1} hours", "next": after}
    cases = [
        {"when": {"did": "order_paid", "times": {"at_least": way + 1}, "since": "entry"}, "next": f"w_{way}_0"}
        for way in range(ways - 1)
    ]
    nodes["ask"] = {"do": "branch", "cases": cases, "else": f"w_{ways - 1}_0"}
    nodes["end"] = {"do": "end", "as": "completed"}
    return {
        "journey": NAME, "name": {"zh": "画布测量", "en": "Canvas bench"}, "entry": {"did": "cart_added"},
        "max_life": "365 days", "start": "ask", "nodes": nodes,
    }  # fmt: skip


def measured(page: Page, seconds: float) -> dict[str, float]:
    """Frames while the pane is dragged for so long."""
    box = page.get_by_test_id("journey-canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.4
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_COUNT)
    turns = int(seconds * 60)
    for turn in range(turns):
        there = turn % 80
        page.mouse.move(x - 3 * min(there, 80 - there), y + 5 * min(there, 80 - there))
    frames: list[float] = page.evaluate(_STOP)
    page.mouse.up()
    gaps = [after - before for before, after in itertools.pairwise(frames)]
    span = (frames[-1] - frames[0]) / 1000
    return {
        "frames_per_second": round(len(gaps) / span, 1),
        "median_ms": round(statistics.median(gaps), 1),
        "p99_ms": round(statistics.quantiles(gaps, n=100)[98], 1),
        "seconds": round(span, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--email", default="admin@onepool.local")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=5)
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(base_url=asked.url)
        credentials = {"email": asked.email, "password": os.environ["ONEPOOL_PASSWORD"]}
        answer = context.request.post("/api/v1/session", data=credentials, headers=HEADERS)
        assert answer.ok, answer.text()
        made = context.request.post("/api/v1/journeys", data={"definition": journey(asked.steps)}, headers=HEADERS)
        assert made.ok, made.text()
        try:
            with opened(browser, asked.url, state=context.storage_state()) as console:
                page = console.page
                console.go(f"/journeys/{NAME}")
                page.get_by_test_id("unfold-ask").click()
                page.locator("[data-testid^=step-w_]").first.wait_for()
                for view in ("readable", "whole"):
                    if view == "whole":
                        page.locator(".react-flow__controls-fitview").click()
                    # What is new in view is drawn once, which is not panning.
                    measured(page, 1)
                    result: dict[str, Any] = {"steps": len(journey(asked.steps)["nodes"]), "view": view}
                    result |= measured(page, asked.seconds)
                    print(
                        json.dumps(result | {"in_page": page.locator(".op-step").count(), "load": os.getloadavg()[0]})
                    )
        finally:
            context.request.delete(f"/api/v1/journeys/{NAME}", headers=HEADERS)
        browser.close()


if __name__ == "__main__":
    main()
