"""kill -9 while codes are given out: what was told stays so, and nothing is given out twice or beyond the stock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from onepool.state import State
from onepool.state.coupons import coupon_codes

from .batches import batch, figures


def test_codes_survive_kills(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    state = State(url)
    name = batch(state, stock=900, per_customer=4)
    told: dict[str, str] = {}
    for seed in range(4):
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed.py")), url, name, str(seed)],
            stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(4 + seed)]
            process.kill()
            lines += process.stdout.read().splitlines(keepends=True)
        # The last line may be cut in the middle.
        for line in (line for line in lines[1:] if line.endswith("\n")):
            for pair in line.split():
                key, _, code = pair.partition("=")
                assert told.setdefault(key, code) == code
    assert len(told) > 100 and len(set(told.values())) == len(told)
    kept = figures(state, name)
    assert len(told) <= kept.given <= 900
    with state.read() as connection:
        codes = dict(
            connection.execute(
                select(coupon_codes.c.key, coupon_codes.c.code).where(coupon_codes.c.key.is_not(None))
            ).all()
        )
        most = connection.execute(
            select(func.count(coupon_codes.c.id))
            .group_by(coupon_codes.c.customer_id)
            .order_by(func.count().desc())
            .limit(1)
        ).scalar_one()
    assert {str(key): code for key, code in codes.items()}.items() >= told.items()
    assert most <= 4
    state.close()
