"""Having everything compiled before it is needed: a new machine compiles for a minute, and nobody should wait for it.

`python -m onepool.identity.warm` does so beforehand.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path

import llvmlite  # type: ignore[import-untyped]
import llvmlite.binding  # type: ignore[import-untyped]
import numba
import numpy as np

import onepool.identity.matching  # noqa: F401 its kernels are cached with those here
from onepool.compiled import sources
from onepool.identity.arrays import DECISION
from onepool.identity.graph import Graph
from onepool.identity.kernel import refusal
from onepool.identity.registry import Registry, TypeRule
from onepool.pool.kernels.warm import warm as warm_kernels
from onepool.pool.keys import HashSet, KeyMap

_DAY = 86_400_000_000
_DONE = "everything"
"""In the folder of what was compiled: what it was compiled with and from, when that was everything."""


def ready() -> None:
    """`warm`, unless that was done before: loading all of it takes a second of processor time, of which a start needs
    little. What is needed later is loaded then."""
    folder, compiled = Path(os.environ["NUMBA_CACHE_DIR"]), _compiled_from()
    with contextlib.suppress(OSError):
        if (folder / _DONE).read_text(encoding="ascii") == compiled:
            return
    warm()
    # A folder where nobody may write keeps nothing that was compiled either.
    with contextlib.suppress(OSError):
        (folder / _DONE).write_text(compiled, encoding="ascii")


def _compiled_from() -> str:
    """What numba looks at before it takes what it has: versions, the processor, and each file's time and size."""
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    versions = (numba.__version__, llvmlite.__version__, np.__version__)
    files = [(str(path), (found := path.stat()).st_mtime_ns, found.st_size) for path in sources()]
    return hashlib.sha256(repr((sys.version, versions, processor, files)).encode()).hexdigest()


def warm() -> None:
    """Run every compiled function once: the kernels of the pool, and those of the graph on a handful of identifiers."""
    warm_kernels()
    rules = {
        "phone": TypeRule("strong", 90, max_per_customer=5, max_customers=2, recycle_days=90, account=False),
        "account": TypeRule("strong", 70, max_per_customer=1, max_customers=3),
        "device": TypeRule("weak", 10, max_customers=9, lifetime_days=365),
    }
    graph = Graph(Registry(rules))
    kinds = ["phone", "account", "account", "account", "device"]
    graph.begin()
    graph.add(
        np.array([graph.type_number(kind) for kind in kinds]),
        np.array([graph.slot_number(kind, "") for kind in kinds]),
        np.arange(5, dtype=np.uint64),
        np.zeros(5, np.int64),
    )
    ends = np.array([[0, 1], [0, 2], [0, 3], [1, 4], [2, 4]])
    first = np.array([0, 1, 200, 0, 3]) * _DAY
    source = np.full(5, graph.source_number("warm", ""))
    edges = graph.link(ends[:, 0].copy(), ends[:, 1].copy(), source, first, first, np.ones(5, np.int64))
    graph.name(np.array([1, 2]), np.array([1 << 32 | 1 << 16, 2 << 32 | 1 << 16]))
    graph.see(np.array([4]), np.array([900 * _DAY]))
    graph.consent(np.array([1]), np.array([1], np.int8))
    graph.block(np.array([3]), True)
    graph.never(1, 2)
    graph.never(1, 2, holds=False)
    graph.ruled(1, 2, DECISION, 1, int(source[0]))
    graph.set_off(edges[:1], 1)
    graph.at(np.array([0]), first[:1])
    graph.solve()
    graph.changes()
    refusal(graph.arrays, 1, 2, False, False)
    keys = KeyMap()
    keys.put(np.ones((1, 2), np.uint64), np.zeros(1, np.int64))
    keys.get(np.ones((1, 2), np.uint64))
    hashes = HashSet()
    hashes.add(np.ones(1, np.uint64))
    hashes.find(np.ones(1, np.uint64))


if __name__ == "__main__":
    ready()
