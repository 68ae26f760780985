"""The demonstration brand: how fast it is made and with how much memory, generator and collector apart from the tick.

    script/bench demo [--customers 2000] [--days 180] [--generate-only] [--whole-only] [--stream-days 0]

Times are of processors (user and system), since the machine may be shared. Beside it in the same run: the generator
alone, which sends to nobody.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from itertools import takewhile
from pathlib import Path

from onepool import apply
from onepool.clock import SystemClock
from onepool.demo.brand import workspace as definitions
from onepool.demo.brand.beside import Beside
from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.life import Life
from onepool.demo.brand.make import business_objects, make_brand, plan_until_yesterday
from onepool.demo.brand.places import APP, MINI, WEB
from onepool.demo.brand.plan import DAY, BrandPlan
from onepool.demo.brand.play import play
from onepool.demo.brand.scene import make_scene
from onepool.demo.brand.secrets import made_up, write_secrets
from onepool.workspace import init_workspace

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


def streamed(plan: BrandPlan, days: int) -> dict[str, float]:
    """The first ``days`` only, through the collector here and the tick in another process: for brands of a million."""
    began, wall = time.process_time(), time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        workspace = init_workspace(Path(folder) / "w", definitions.settings_text(), SystemClock())
        secrets = write_secrets(workspace.data)
        definitions.copy_into(workspace.root, definitions.FIRST)
        apply.apply(workspace, author="bench", reason="the demonstration brand (generated)")
        workspace.close()
        keys = {name: workspace.touchpoints()[name].write_key or "" for name in (MINI, APP, WEB)}
        life = Life(make_scene(draw_customers(plan), secrets, keys))
        play(workspace, business_objects(life.scene))
        end = (life.scene.start + days * DAY) * 1000
        beside = Beside(workspace.root)
        beside.start()
        try:
            playing = time.monotonic()
            played = play(workspace, takewhile(lambda one: one.at < end, life.sendings()))
            applying = time.monotonic()
            beside.finish()
        finally:
            beside.stop()
        ended = time.monotonic()
        with workspace.pool.read() as session:
            sql = "SELECT (SELECT count(*) FROM events) AS n, count(DISTINCT customer_id) AS c FROM customer_of"
            counted = session.query(sql).to_pylist()[0]
        workspace.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "days": days,
        "requests": played.sent,
        "events": counted["n"],
        "customers": counted["c"],
        "requests_per_second": round(played.sent / (applying - playing)),
        "events_per_second": round(counted["n"] / (ended - playing)),
        "seconds": round(ended - wall, 1),
        "cpu_generator_and_collector": round(time.process_time() - began, 1),
        "cpu_tick": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "memory_tick_mb": after.ru_maxrss // 1024,
    }


def main() -> None:
    """Runs and prints a table; the whole result goes to bench/results/demo.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--generate-only", action="store_true", help="the generator alone")
    parser.add_argument("--whole-only", action="store_true", help="without the generator alone")
    parser.add_argument("--stream-days", type=int, default=0, help="only so many days, generator to tick")
    parser.add_argument("--first-days", type=int, default=0, help="of the generator alone: only so many days")
    given = parser.parse_args()
    plan = plan_until_yesterday(given.customers, given.days, 1, SystemClock())  # as `onepool demo` does
    result: dict[str, object] = {"customers": given.customers, "days": given.days}
    if not given.whole_only:
        result["generator"] = generated(plan, given.first_days or given.days)
    if given.stream_days:
        result["streamed"] = streamed(plan, given.stream_days)
    elif not given.generate_only:
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
