"""All customers from scratch: identifiers and links in arrays, and records and edges with string ids from Parquet.

    script/bench identity_batch [--identifiers 1000000] [--links 2000000] [--records 1000000] [--edges 1600000] [--full]
        [--rounds 3] [--ways compiled union_find ...]

First part, limits on, on all processors; beside in the same run: a compiled union-find alone (one processor, no limits,
tenures, weak identifiers or reasons), scipy's connected components, Splink's clustering on DuckDB, and
large-star/small-star in DuckDB SQL (the last on a share of the data, stated; they know no limits either). The first two
take turns, and the medians count, so that what else the machine does falls on both.
Second part: Parquet in, Parquet out. Every way runs in a process of its own, which tells its seconds and its greatest
memory. --full: 10 and 20 million, 10 and 16 million.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._identity import Feed, Stream, crowd, numbered, registry, union_find  # noqa: E402

from onepool.identity.arrays import CONFLICT, EDGE_STATUS  # noqa: E402
from onepool.identity.graph import Graph  # noqa: E402
from onepool.identity.registry import Registry, TypeRule  # noqa: E402
from onepool.pool.keys import KeyMap  # noqa: E402

SHARE = {"duckdb": 0.1}
"""Part of the data that a slower peer is given."""
PIECE = 200_000
"""Rows that are taken in at once."""
SECONDS = 120.0
"""A peer is stopped after this time."""
_COLUMNS = ("kind", "rank", "witness", "a", "b", "source", "time")

Found = dict[str, float | int | str]


def peak_mb() -> int:
    """The greatest memory of this process so far, in millions of bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 10**6


def clocked(work: Callable[[], Any]) -> tuple[Found, Any]:
    started, worked = time.perf_counter(), time.process_time()
    answer = work()
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - worked, 3),
    }, answer


# -- identifiers and links in arrays -------------------------------------------------------------------------------


def compiled(folder: Path) -> Found:
    """The product's engine: taking the arrays in, piece by piece as tables are read, and solving."""
    solved(crowd(10_000, 20_000))  # compiles
    taking, graph = clocked(lambda: taken_in(folder))
    born = len(graph)
    solving, _ = clocked(graph.solve)
    peak = peak_mb()  # before anything is counted
    conflict = int(np.count_nonzero(graph.arrays.e8[EDGE_STATUS, : graph.edges] == CONFLICT))
    return solving | {
        "peak_mb": peak,
        "taking_in_seconds": taking["seconds"],
        "customers": int(np.unique(graph.customer).size),
        "conflicts": conflict,
        "void": int(graph.voids().size),
        "tenures": len(graph) - born,
    }


def taken_in(folder: Path) -> Graph:
    """A graph of everything, not solved yet."""
    graph = Graph(registry())
    types, slots, sources = numbered(graph)
    nodes, links = (np.load(folder / f"{name}.npy", mmap_mode="r").size for name in ("kind", "a"))
    graph.reserve(nodes, links)
    for start in range(0, nodes, PIECE):
        kind, rank, witness = (part(folder, name, start) for name in ("kind", "rank", "witness"))
        first = graph.add(types[kind], slots[kind], rank, np.zeros(kind.size, np.int64))
        named = np.flatnonzero(witness)
        graph.restore_names(first + named, witness[named])
    for start in range(0, links, PIECE):
        a, b, source, time_ = (part(folder, name, start) for name in ("a", "b", "source", "time"))
        none = np.zeros(a.size, np.int8)
        graph.restore_links(a, b, sources[source], none.astype(np.int64), time_, time_, none)
    return graph


def part(folder: Path, name: str, start: int) -> np.ndarray:
    """A piece of a column, read anew: what was read before is not held."""
    return np.array(np.load(folder / f"{name}.npy", mmap_mode="r")[start : start + PIECE])


def solved(some: Stream) -> None:
    feed = Feed(some)
    feed.give_all_at_once()
    feed.graph.solve()


def union(folder: Path) -> Found:
    union_find(2, np.array([0]), np.array([1]))
    given = load(folder)
    found, parent = clocked(lambda: union_find(given.kind.size, given.a, given.b))
    return found | {"customers": int(np.unique(parent).size)}


def scipy(folder: Path) -> Found:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    given = load(folder)
    size = given.kind.size

    def work() -> int:
        matrix = coo_array((np.ones(given.links, np.int8), (given.a, given.b)), shape=(size, size))
        return int(connected_components(matrix, directed=False)[0])

    found, customers = clocked(work)
    return found | {"customers": customers}


def splink(folder: Path) -> Found:
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    connection, nodes, edges = tables(folder)

    def work() -> int:
        api = DuckDBAPI(connection=connection)
        found = cluster_pairwise_predictions_at_threshold(
            api.register(nodes),
            api.register(edges),
            api,
            node_id_column_name="id",
            edge_id_column_name_left="a",
            edge_id_column_name_right="b",
        )
        sql = f"SELECT count(DISTINCT cluster_id) FROM {found.physical_name}"
        return int(connection.execute(sql).fetchone()[0])

    found, customers = clocked(work)
    return found | {"customers": customers}


def duckdb_sql(folder: Path) -> Found:
    """Large-star and small-star in turns until nothing changes (Kiveris et al. 2014)."""
    connection, nodes, _ = tables(folder)
    connection.execute(
        "CREATE TABLE e AS SELECT DISTINCT greatest(a, b) AS u, least(a, b) AS v FROM edges WHERE a <> b"
    )
    large = """SELECT DISTINCT s.v AS u, m.m AS v FROM s JOIN
        (SELECT u, least(u, min(v)) AS m FROM s GROUP BY u) m USING (u) WHERE s.v > s.u AND s.v <> m.m"""
    small = """SELECT DISTINCT e.v AS u, m.m AS v FROM e JOIN (SELECT u, min(v) AS m FROM e GROUP BY u) m USING (u)
        WHERE e.v <> m.m UNION SELECT u, min(v) FROM e GROUP BY u"""

    def work() -> int:
        was, started, rounds = None, time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS:
            connection.execute("CREATE OR REPLACE TEMP TABLE s AS SELECT u, v FROM e UNION ALL SELECT v, u FROM e")
            connection.execute(f"CREATE OR REPLACE TABLE e AS {large}")
            connection.execute(f"CREATE OR REPLACE TABLE e AS {small}")
            now = connection.execute("SELECT count(*), sum(hash(u, v)) FROM e").fetchone()
            rounds += 1
            if now == was:
                return rounds
            was = now
        return -rounds

    found, rounds = clocked(work)
    joined = connection.execute("SELECT count(DISTINCT u) FROM e").fetchone()[0]
    return found | {
        "customers": nodes.num_rows - joined,
        "rounds": abs(rounds),
        "share": SHARE["duckdb"],
        **({"stopped": "for want of time"} if rounds < 0 else {}),
    }


def tables(folder: Path) -> tuple[duckdb.DuckDBPyConnection, pa.Table, pa.Table]:
    """The share's nodes and edges in DuckDB and as Arrow."""
    given = load(folder)
    nodes = pa.table({"id": np.arange(given.kind.size)})
    edges = pa.table({"a": given.a, "b": given.b})
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("nodes", nodes)
    connection.register("edges", edges)
    return connection, nodes, edges


# -- records and edges from Parquet --------------------------------------------------------------------------------


def parquet(folder: Path) -> Found:
    """String ids in, customers out; limits on."""
    warm = folder / "warm"
    strings(warm, 2_000, 3_000)
    end_to_end(warm)
    found, (customers, conflicts) = clocked(lambda: end_to_end(folder))
    return found | {"customers": customers, "conflicts": conflicts}


def end_to_end(folder: Path) -> tuple[int, int]:
    rule = TypeRule("strong", 50, max_per_customer=50)
    graph = Graph(Registry({"crm_id": rule}))
    slots = np.array([graph.slot_number("crm_id", f"system {n}") for n in range(4)])
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        ids = KeyMap()
        found = connection.sql(f"SELECT {_key('record_id')}, system FROM '{folder}/records.parquet'").to_arrow_table()
        count = found.num_rows
        keys = _keys(found, "record_id")
        ids.put(keys, np.arange(count))
        rank = keys[:, 0].copy()
        kind = np.full(count, graph.type_number("crm_id"), np.int64)
        graph.add(kind, slots[found.column("system").to_numpy()], rank, np.zeros(count, np.int64))
        del found, keys
        source = graph.source_number("same_event", "crm")
        edges = connection.sql(f"SELECT {_key('left_id')}, {_key('right_id')}, time FROM '{folder}/edges.parquet'")
        reader = edges.to_arrow_reader(1_000_000)
        for some in reader:
            left, right = ids.get(_keys(some, "left_id")), ids.get(_keys(some, "right_id"))
            when = some.column("time").to_numpy()
            size = when.size
            graph.restore_links(
                np.minimum(left, right),
                np.maximum(left, right),
                np.full(size, source),
                np.zeros(size, np.int8),
                when,
                when,
                np.zeros(size, np.int8),
            )
        graph.solve()
    records = pq.read_table(folder / "records.parquet", columns=["record_id"]).column("record_id")
    pq.write_table(
        pa.table({"record_id": records, "customer_id": graph.customer[:count]}), folder / "customers.parquet"
    )
    return int(np.unique(graph.customer).size), int(np.count_nonzero(graph.conclusions() >> 32 == 2))


def _key(name: str) -> str:
    """128 bits of a string: two hashes that don't collide together."""
    return f"hash({name}) AS {name}_low, hash(reverse({name})) AS {name}_high"


def _keys(some: pa.Table | pa.RecordBatch, name: str) -> np.ndarray:
    low, high = (some.column(f"{name}_{part}").to_numpy() for part in ("low", "high"))
    return np.stack([low, high], axis=1)


def strings(folder: Path, records: int, edges: int) -> None:
    """Records of four systems, about three of a person, and edges within persons, a few of them wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(
            f"""COPY (SELECT 'crm-' || lpad(((i * 7919) % {records})::VARCHAR, 9, '0') AS record_id,
            (hash(i) % 4)::BIGINT AS system FROM range({records}) t(i)) TO '{folder}/records.parquet'"""
        )
        connection.execute(
            f"""COPY (SELECT 'crm-' || lpad(l::VARCHAR, 9, '0') AS left_id,
            'crm-' || lpad(r::VARCHAR, 9, '0') AS right_id, i AS time
            FROM (SELECT i, (hash(i) % {records})::BIGINT AS l,
                CASE WHEN hash(i, 3) % 20000 = 0 THEN (hash(i, 4) % {records})::BIGINT
                ELSE least({records} - 1, l - l % 3 + (hash(i, 2) % 3)::BIGINT) END AS r FROM range({edges}) t(i))
            WHERE l <> r) TO '{folder}/edges.parquet'"""
        )


# -- running them --------------------------------------------------------------------------------------------------

WAYS = {
    "compiled": compiled,
    "union_find": union,
    "scipy": scipy,
    "splink": splink,
    "duckdb": duckdb_sql,
    "parquet": parquet,
}


def save(folder: Path, given: Stream) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _COLUMNS:
        np.save(folder / f"{name}.npy", getattr(given, name))


def make(folder: Path, identifiers: int, links: int) -> None:
    apart("make", folder, "--identifiers", str(identifiers), "--links", str(links))


def load(folder: Path) -> Stream:
    return Stream(**{name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _COLUMNS})


def apart(way: str, folder: Path, *more: str) -> Found:
    """Run one way in a process of its own. (The data is made in one as well: a child's greatest memory is never told
    as less than its parent's.)"""
    if way in ("scipy", "splink") and importlib.util.find_spec(way) is None:
        print(f"{way} is not installed: left out")
        return {}
    command = [sys.executable, str(Path(__file__)), "--way", way, "--folder", str(folder), *more]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def middle(rounds: list[Found]) -> Found:
    """What is the same in all rounds, the medians of times, the greatest memory, and the times of each round."""
    times = {name: [float(one[name]) for one in rounds] for name in ("seconds", "cpu_seconds")}
    return (
        rounds[0]
        | {name: round(float(np.median(taken)), 3) for name, taken in times.items()}
        | {"peak_mb": max(one["peak_mb"] for one in rounds)}
        | {f"{name}_of_rounds": ", ".join(str(one) for one in taken) for name, taken in times.items()}
    )


def main() -> int:
    """Print, write bench/results/identity_batch.json; exit status 1 above 3 times the union-find by the clock."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--identifiers", type=int, default=1_000_000)
    options.add_argument("--links", type=int, default=2_000_000)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--edges", type=int, default=1_600_000)
    options.add_argument("--rounds", type=int, default=3, help="turns of the engine and of the union-find")
    options.add_argument("--full", action="store_true", help="10 and 20 million, 10 and 16 million")
    options.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    options.add_argument("--way", choices=[*WAYS, "make"], help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.way == "make":
        save(chosen.folder, crowd(chosen.identifiers, chosen.links))
        print("{}")
        return 0
    if chosen.way:
        found = WAYS[chosen.way](chosen.folder)
        print(json.dumps({"peak_mb": peak_mb()} | found))
        return 0
    if chosen.full:
        chosen.identifiers, chosen.links, chosen.records, chosen.edges = 10**7, 2 * 10**7, 10**7, 16 * 10**6
    found: dict[str, Found] = {}
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        make(whole, chosen.identifiers, chosen.links)
        turns = [way for way in ("union_find", "compiled") if way in chosen.ways]
        taken: dict[str, list[Found]] = {way: [] for way in turns}
        for _ in range(chosen.rounds):
            for way in turns:
                taken[way].append(apart(way, whole))
        for way in turns:
            found[way] = middle(taken[way])
            print(f"{way:>12}  {found[way]}", flush=True)
        for way in chosen.ways:
            if way in turns:
                continue
            folder = whole
            if way in SHARE:
                folder = Path(scratch) / f"share{SHARE[way]}"
                if not folder.exists():
                    make(folder, int(chosen.identifiers * SHARE[way]), int(chosen.links * SHARE[way]))
            if way == "parquet":
                folder = Path(scratch) / "strings"
                strings(folder, chosen.records, chosen.edges)
            found[way] = apart(way, folder)
            print(f"{way:>12}  {found[way]}", flush=True)
    result: dict[str, Any] = {name: getattr(chosen, name) for name in ("identifiers", "links", "records", "edges")}
    result["ways"] = found
    alone, ours = found.get("union_find", {}), found.get("compiled", {})
    if alone and ours:
        result["to_union_find"] = round(float(ours["seconds"]) / float(alone["seconds"]), 2)
        result["to_union_find_cpu"] = round(float(ours["cpu_seconds"]) / float(alone["cpu_seconds"]), 2)
        for peer in ("scipy", "splink", "duckdb"):
            if seconds := found.get(peer, {}).get("seconds"):
                whole_seconds = seconds / SHARE.get(peer, 1.0)
                result[f"times_faster_than_{peer}"] = round(whole_seconds / found["compiled"]["seconds"], 1)
    (ROOT / "bench" / "results" / "identity_batch.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        if name != "ways":
            print(f"{name:>28}  {value:,}")
    return int(result.get("to_union_find", 0) > 3)


if __name__ == "__main__":
    sys.exit(main())
