"""The demonstration brand: how fast it is made and with how much memory, generator and collector apart from the tick.

    script/bench demo [--customers 2000] [--days 180] [--generate-only]

Times are of processors (user and system), since the machine may be shared. Beside it in the same run: the generator
alone, which sends to nobody.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from onepool.clock import SystemClock
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.life import Life
from onepool.demo.brand.make import make_brand, plan_until_yesterday
from onepool.demo.brand.places import APP, MINI, WEB
from onepool.demo.brand.plan import BrandPlan
from onepool.demo.brand.scene import make_scene
from onepool.demo.brand.secrets import made_up

RESULTS = Path(__file__).parent / "results" / "demo.json"


def generated(plan: BrandPlan, days: int) -> dict[str, float]:
    """The generator alone for the first ``days``: things sent, bytes, seconds of processor, memory of the process."""
    began = time.process_time()
    life = Life(make_scene(draw_customers(plan), made_up(1), dict.fromkeys((MINI, APP, WEB), "wk")))
    drawn = time.process_time() - began
    things = size = 0
    for day in range(days):
        for one in life.day(day):
            thing = one.thing()
            things += 1
            size += len(thing.content if hasattr(thing, "content") else thing.body)
    return {
        "days": days,
        "things": things,
        "megabytes": round(size / 1e6),
        "cpu_drawing": round(drawn, 1),
        "cpu": round(time.process_time() - began, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def made(plan: BrandPlan) -> dict[str, float]:
    """The whole: generator and collector in this process, the tick in another."""
    began, wall = time.process_time(), time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    since: dict[str, float] = {}

    def told(what: str, done: int, total: int) -> None:
        del done, total
        since.setdefault(what, time.monotonic())

    with tempfile.TemporaryDirectory() as folder:
        brand = make_brand(Path(folder) / "w", plan, SystemClock(), told)
        megabytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = time.monotonic()
    seconds = ended - wall
    marks = [since[name] for name in ("playing days", "applying", "computing tags and segments")] + [ended]
    parts = ("seconds_playing", "seconds_applying_the_rest", "seconds_tags_segments_jobs")
    return {
        **{name: round(end - begin, 1) for name, begin, end in zip(parts, marks, marks[1:], strict=False)},
        "events": brand.counts["events"],
        "quarantined": brand.counts["quarantined"],
        "requests": brand.counts["requests, pages and files"],
        "seconds": round(seconds, 1),
        "events_per_second": round(brand.counts["events"] / seconds),
        "cpu_generator_and_collector": round(time.process_time() - began, 1),
        "cpu_tick": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "memory_tick_mb": after.ru_maxrss // 1024,
        "workspace_mb": round(megabytes),
    }


def main() -> None:
    """Runs and prints a table; the whole result goes to bench/results/demo.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--generate-only", action="store_true", help="the generator alone")
    parser.add_argument("--whole-only", action="store_true", help="without the generator alone")
    parser.add_argument("--first-days", type=int, default=0, help="of the generator alone: only so many days")
    given = parser.parse_args()
    plan = plan_until_yesterday(given.customers, given.days, 1, SystemClock())  # as `onepool demo` does
    result: dict[str, object] = {"customers": given.customers, "days": given.days}
    if not given.whole_only:
        result["generator"] = generated(plan, given.first_days or given.days)
    if not given.generate_only:
        result["whole"] = made(plan)
    print(f"{given.customers:,} customers, {given.days} days")
    for part, figures in result.items():
        if isinstance(figures, dict):
            for name, value in figures.items():
                print(f"  {part:10} {name:30} {value:>14,}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
