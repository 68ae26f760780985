"""Generating a population into files: records by touchpoint in parts, and the truth apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import yaml

from onepool.clock import to_micros
from onepool.collect.files import Progress
from onepool.demo.people.accounts import account_ids, draw_accounts
from onepool.demo.people.arrays import chance_of
from onepool.demo.people.devices import draw_devices
from onepool.demo.people.phones import draw_phones
from onepool.demo.people.plan import Plan
from onepool.demo.people.population import draw_people
from onepool.demo.people.profiles import observe
from onepool.demo.people.rates import rates_for
from onepool.demo.people.records import Writer, Written
from onepool.demo.people.truth import flat_table, write_truth
from onepool.demo.people.world import Seen, World, nothing_seen

BLOCK = 20_000
"""Persons whose records are in memory at once."""

_SEALED = 0x5EA1
_EVIDENCE = ("name", "gender", "birthday", "phone")


@dataclass(slots=True)
class Generated:
    """What was written: files by touchpoint under ``records``, ``rows`` by touchpoint, and the truth's counts."""

    folder: Path
    files: dict[str, list[Path]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    """Records that the data standard must refuse."""


def draw_world(plan: Plan) -> World:
    """The population of a plan, with all it owns."""
    plan.checked()
    seed = plan.seed * 2 + int(plan.sealed) * _SEALED * 2 + int(plan.sealed)
    rates = rates_for(plan.tier, plan.overrides, seed=plan.seed, sealed=plan.sealed)
    seconds = plan.days * 86_400
    people = draw_people(plan.people, rates, seed, seconds)
    return World(
        seed=seed,
        rates=rates,
        start=to_micros(datetime.combine(plan.start, time(), UTC)),
        seconds=seconds,
        people=people,
        phones=draw_phones(people, rates, seed, seconds),
        accounts=draw_accounts(people, rates, seed, seconds),
        devices=draw_devices(people, rates, seed, seconds),
    )


def generate(plan: Plan, records: Path, truth: Path, progress: Progress | None = None) -> Generated:
    """Writes the records of a plan as Parquet files and its truth; memory is that of one block and of the people."""
    world = draw_world(plan)
    seen = nothing_seen(world)
    done = Generated(records)
    evidence = truth / "evidence"
    for folder in (records, truth, evidence):
        folder.mkdir(parents=True, exist_ok=True)
    with _Flat(truth) as flat:
        for number, first in enumerate(range(0, plan.people, BLOCK)):
            if progress is not None:
                progress("generating people", first, plan.people)
            _block(world, seen, done, flat, evidence, number, first)
    done.refused = seen.refused
    done.counts = {
        "people": plan.people,
        "records": sum(done.rows.values()),
        "flat records": flat.rows,
        **write_truth(world, seen, truth),
    }
    (truth / "rates.yaml").write_text(yaml.safe_dump(_told(plan, world), sort_keys=False), encoding="utf-8")
    return done


def _block(world: World, seen: Seen, done: Generated, flat: _Flat, evidence: Path, number: int, first: int) -> None:
    """Writes the records of one block of persons."""
    chance = chance_of(world.seed, 4, number)
    accounts = world.accounts
    last = min(first + BLOCK, world.people.size)
    rows = np.arange(accounts.first[first], accounts.first[last], dtype=np.int64)
    profiles = observe(chance, world.people, world.phones, accounts, world.rates, rows, world.seed)
    written = Writer(world, seen, profiles, chance).write()
    flat.write(*flat_table(world, profiles, account_ids(accounts, rows, world.seed)))
    about: dict[str, Any] = {
        "account": profiles.rows,
        "person": profiles.person,
        "source": profiles.source,
        "mode": profiles.mode,
    }
    about |= {"name_kind": profiles.name_kind, "home": profiles.home, "city": profiles.city_place}
    about |= {name: pa.array(getattr(profiles, name).tolist(), pa.string()) for name in _EVIDENCE}
    about |= {
        "opened": profiles.opened,
        "shown": seen.shown[rows],
        "withdrawn": seen.withdrawn[rows],
        "seen": seen.account[rows],
    }
    pq.write_table(pa.table(about), evidence / f"accounts-{number:04d}.parquet")
    pq.write_table(_uses(written), evidence / f"uses-{number:04d}.parquet")
    for source, tables in written.tables.items():
        table = pa.concat_tables(tables, promote_options="default").sort_by("time")
        keys = pa.array([f"{source}-{number}-{row}" for row in range(table.num_rows)], pa.string())
        path = done.folder / f"{source}-{number:04d}.parquet"
        pq.write_table(table.append_column("event_id", keys), path)
        done.files.setdefault(source, []).append(path)
        done.rows[source] = done.rows.get(source, 0) + table.num_rows


def _uses(written: Written) -> pa.Table:
    columns = [np.concatenate(parts) for parts in zip(*written.uses, strict=True)]
    return pa.table(dict(zip(("account", "number", "second", "mode"), columns, strict=True)))


def _told(plan: Plan, world: World) -> dict[str, Any]:
    """What was used, for whoever wants the same again."""
    return {
        "people": plan.people,
        "tier": plan.tier,
        "seed": plan.seed,
        "sealed": plan.sealed,
        "from": plan.start.isoformat(),
        "days": plan.days,
        "rates": world.rates.as_dict(),
    }


class _Flat:
    """The flat table and its truth, written as they come: Parquet and CSV."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: list[pq.ParquetWriter | pcsv.CSVWriter] = []
        self.rows = 0

    def write(self, table: pa.Table, truth: pa.Table) -> None:
        """Adds the records of a block."""
        if not self._writers:
            self._writers = [
                pq.ParquetWriter(self._folder / "records.parquet", table.schema),
                pcsv.CSVWriter(self._folder / "flat.csv", table.schema),
                pcsv.CSVWriter(self._folder / "flat-truth.csv", truth.schema),
            ]
        parquet, csv, answers = self._writers
        for writer, rows in ((parquet, table), (csv, table), (answers, truth)):
            writer.write_table(rows)
        self.rows += table.num_rows

    def __enter__(self) -> _Flat:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()
