"""The truth, in files apart: owners of identifiers and devices, the people, and the flat table of source records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from onepool.clock import from_micros
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Bools, Texts, only, packed, pick
from onepool.demo.people.devices import cookie_ids, device_ids
from onepool.demo.people.owners import entity_ids, write_owners
from onepool.demo.people.population import NEVER
from onepool.demo.people.profiles import LANDLINE, Profiles
from onepool.demo.people.sources import SOURCES, WEB, place_of
from onepool.demo.people.world import Seen, World

DAY = 86_400


def dates_of(world: World, count: int = 4) -> list[datetime]:
    """Midnights (UTC) that cut the period into ``count`` equal parts; the last is its end."""
    start = from_micros(world.start)
    days = world.seconds // DAY
    return [start + timedelta(days=round(days * part / count)) for part in range(1, count + 1)]


def write_truth(world: World, seen: Seen, folder: Path) -> dict[str, int]:
    """Writes ``records.csv``, ``truth-<date>.csv``, ``devices.csv``, ``recycled.csv``, ``people.parquet``."""
    files = {folder / "records.csv": int(NEVER)}
    for date in dates_of(world):
        until = int((date - from_micros(world.start)).total_seconds())
        files[folder / f"truth-{date.astimezone(UTC):%Y-%m-%d}.csv"] = until
    written = write_owners(world, seen, files, folder / "evidence" / "nodes.parquet")
    _write_devices(world, folder)
    _write_recycled(world, seen, folder)
    _write_people(world, folder)
    recycled = (world.phones.previous >= 0) & (seen.tenure < NEVER)
    recycled &= seen.tenure[np.maximum(world.phones.previous, 0)] < NEVER
    return {
        "identifiers of persons": written,
        "phones seen with two owners": int(recycled.sum()),
        "accounts with consent taken back": int((seen.withdrawn < NEVER).sum()),
    }


def _write_devices(world: World, folder: Path) -> None:
    """Owners of the devices and cookies of those who have an account of the site; a shared one is nobody's alone."""
    chains, shared = world.devices.chains, world.devices.shared()
    users = np.zeros(world.people.size, np.bool_)
    users[world.accounts.person[world.accounts.source == place_of(WEB)]] = True
    tenure = np.flatnonzero(users[chains.owner[chains.slot]])
    shared = shared[tenure]
    texts = np.concatenate([device_ids(tenure, world.seed), cookie_ids(tenure, world.seed)])
    keys = np.repeat(np.array(["device@app", "anonymous_id@web"], object), tenure.size)
    entity = np.tile(entity_ids(chains.owner[chains.slot[tenure]]), 2)
    table = pa.table(
        {
            "record_id": pc.binary_join_element_wise(pa.array(keys, pa.string()), pa.array(texts, pa.string()), ":"),
            "entity_id": pa.array(entity, pa.string()),
            "shared": np.tile(shared, 2),
        }
    )
    write_csv(table, folder / "devices.csv")


def _write_recycled(world: World, seen: Seen, folder: Path) -> None:
    """Every use of a number that had several owners: who, from when to when it was seen in use."""
    number, count = np.unique(world.phones.number[seen.tenure < NEVER], return_counts=True)
    tenure = np.flatnonzero((seen.tenure < NEVER) & np.isin(world.phones.number, number[count > 1]))
    tenure = tenure[np.lexsort((seen.tenure[tenure], world.phones.number[tenure]))]
    chains = world.phones.chains
    table = pa.table(
        {
            "record_id": pa.array(
                np.full(tenure.size, "phone:+86", object) + noise.phone_texts(world.phones.number[tenure]), pa.string()
            ),
            "entity_id": pa.array(entity_ids(chains.owner[chains.slot[tenure]]), pa.string()),
            "first_used": instants(world, seen.tenure[tenure]),
            "last_used": instants(world, seen.tenure_last[tenure]),
        }
    )
    write_csv(table, folder / "recycled.csv")


def _write_people(world: World, folder: Path) -> None:
    people = world.people
    homes = people.home_at(np.arange(people.size), np.zeros(people.size, np.int64))
    table = pa.table(
        {
            "entity_id": pa.array(entity_ids(np.arange(people.size)), pa.string()),
            "household": people.household,
            "role": pa.array(pick(("head", "spouse", "child", "parent"), people.role), pa.string()),
            "name": pa.array(packed(people.name), pa.string()),
            "gender": pa.array(np.where(people.male, "male", "female").astype(object), pa.string()),
            "birthday": pa.array(people.born.astype("datetime64[D]")),
            "province": pa.array(people.cities.province[homes.city], pa.string()),
            "city": pa.array(people.cities.name[homes.city], pa.string()),
            "district": pa.array(people.cities.district[homes.district], pa.string()),
            "landline": people.landline[people.household],
            "has_twin": people.twin,
            "borrows_phone": world.phones.borrowed >= 0,
            "registered_by_staff_phone": world.phones.staff_of >= 0,
        }
    )
    pq.write_table(table, folder / "people.parquet")


def flat_table(world: World, profiles: Profiles, ids: Texts) -> tuple[pa.Table, pa.Table]:
    """The opening records that say something of the person, and their truth; masked phones have their own column."""
    plain = (profiles.number > 0) | (profiles.mode == LANDLINE)
    hidden = np.array([phone is not None for phone in profiles.phone.tolist()], np.bool_) & ~plain
    keys = pick([source.key for source in SOURCES], profiles.source)
    record = pc.binary_join_element_wise(pa.array(keys, pa.string()), pa.array(ids, pa.string()), ":")

    def texts(values: Texts, keep: Bools | None = None) -> pa.Array:
        return pa.array((values if keep is None else only(values, keep)).tolist(), pa.string())

    table = pa.table(
        {
            "record_id": record,
            "source": pa.array(pick([source.name for source in SOURCES], profiles.source), pa.string()),
            "time": instants(world, profiles.opened),
            "name": texts(profiles.name),
            "nickname": texts(profiles.nickname),
            "gender": texts(profiles.gender),
            "birthday": texts(profiles.birthday),
            "province": texts(profiles.province),
            "city": texts(profiles.city),
            "district": texts(profiles.district),
            "address": texts(profiles.address),
            "phone": texts(profiles.phone, plain),
            "masked_phone": texts(profiles.phone, hidden),
            "email": texts(profiles.email),
            "member_level": texts(profiles.level),
        }
    )
    says = pc.is_valid(pc.coalesce(*(table.column(name) for name in ("name", "phone", "masked_phone", "email"))))
    truth = pa.table({"record_id": record, "entity_id": pa.array(entity_ids(profiles.person), pa.string())})
    return table.filter(says), truth.filter(says)


def instants(world: World, seconds: I64) -> pa.Array:
    """Seconds from the start as instants."""
    return pa.array(world.start + seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC"))


def write_csv(table: pa.Table, path: Path) -> None:
    """A CSV file with a header."""
    pcsv.write_csv(table, path)
