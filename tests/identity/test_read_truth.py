"""Records of a truth file among the identifiers, however they are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.identity.written import T0, Written, at, empty

from onepool.identity.evaluate import evaluate
from onepool.identity.read import find_records


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Written]:
    made = empty(tmp_path)
    yield made
    made.close()


def find(world: Written, *records: str, days: float | None = None) -> dict[str, int]:
    with world.sources() as src:
        found = find_records(src, pa.array(records), None if days is None else T0 + timedelta(days=days))
    return dict(zip(*(found.clusters[name].to_pylist() for name in ("record_id", "cluster")), strict=True))


def test_ways_to_write_a_record(world: Written) -> None:
    phone = world.identifier("phone", "+8613711112222")
    email = world.identifier("email", "wei@b.com")
    openid = world.identifier("openid", "o:A", phone, scope="wx1")
    other = world.identifier("openid", "o:A", email, scope="wx2")
    device = world.identifier("device", "d-1", phone, scope="app")
    assert find(world, "phone:13711112222", "13711112222", "+8613711112222", "email:Wei@B.com", "WEI@B.COM") == {
        "phone:13711112222": phone,
        "13711112222": phone,
        "+8613711112222": phone,
        "email:Wei@B.com": email,
        "WEI@B.COM": email,
    }
    assert find(world, "openid@wx1:o:A", "openid@wx2:o:A", "openid@wx3:o:A") == {
        "openid@wx1:o:A": phone,
        "openid@wx2:o:A": email,
    }
    # Bare values of weak identifiers name nobody; typed ones do.
    assert find(world, "d-1", "device:d-1", "nobody") == {"device:d-1": phone}
    assert {openid, other, device} == {3, 4, 5}


def test_a_value_of_several_customers_is_left_out(world: Written) -> None:
    for number, scope in enumerate(("a", "b")):
        world.identifier("openid", "same", world.identifier("phone", f"+861370000000{number}"), scope=scope)
    with world.sources() as src:
        found = find_records(src, pa.array(["openid:same", "same"]))
    assert (found.clusters.num_rows, found.ambiguous) == (0, 2)


def test_owners_over_time(world: Written) -> None:
    old, new = (world.identifier("member_no", f"M{n}", scope="club") for n in range(2))
    phone = world.identifier("phone", "+8613711112222", old)
    world.identifier("phone", "+8613711112222", new, base=phone, valid_from=at(100))
    world.identifier("phone", "+8613711112222", base=phone)
    assert find(world, "13711112222") == {"13711112222": new}
    assert find(world, "13711112222", days=50) == {"13711112222": old}
    assert find(world, "13711112222", days=100) == {"13711112222": new}


def test_held_against_the_truth(world: Written) -> None:
    a = world.identifier("phone", "+8613700000001")
    world.identifier("openid", "o1", a, scope="s")
    world.identifier("openid", "o2", a, scope="s")
    truth = pa.table({"record_id": ["openid@s:o1", "openid@s:o2", "openid@s:o3"], "entity_id": ["x", "y", "y"]})
    with world.sources() as src:
        scored = evaluate(truth, find_records(src, truth["record_id"]).clusters)
    assert (scored.over_merged, scored.under_merged, scored.not_found) == (2, 1, 1)


def test_no_records(world: Written) -> None:
    assert find(world) == {}
