"""The demonstration brand for tests, made once in a run, however many processes it has: each works on a copy.

Making it is the dearest set-up there is: everything that platforms send goes through the real collect path.
"""

from __future__ import annotations

import fcntl
import hashlib
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from onepool.clock import Clock
from onepool.demo.brand.make import MadeBrand, make_brand
from onepool.demo.brand.plan import BrandPlan
from onepool.demo.brand.rates import RATES, BrandRates


def brand_once(
    factory: pytest.TempPathFactory, plan: BrandPlan, clock: Clock, *, rates: BrandRates = RATES, reach: bool = False
) -> tuple[Path, MadeBrand]:
    """A workspace of the brand of that plan, and what was made. Who comes first makes it, the others wait and copy.

    ``reach``: with its journey on in the last week, which costs time.
    """
    base = factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    of = hashlib.sha256(repr((plan, clock.now(), rates, reach)).encode()).hexdigest()[:16]
    kept = shared / f"brand-{of}"
    said = kept / "made"
    with (shared / f"{kept.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            shutil.rmtree(kept, ignore_errors=True)
            made = make_brand(kept / "w", plan, clock, rates=rates, reach=reach)
            said.write_bytes(pickle.dumps(made))
    own = factory.mktemp("brand") / "w"
    shutil.copytree(kept / "w", own)
    return own, replace(pickle.loads(said.read_bytes()), root=own)
