"""The loyalty programme's file of VIP levels, as its system would send it: member number and level."""

from __future__ import annotations

import csv
import io
from typing import Final

from onepool.audience.tags import parse_tag
from onepool.audience.tags.inputs import Imported, import_values
from onepool.audience.tags.model import ImportTag
from onepool.demo.brand.places import MEMBERSHIP
from onepool.workspace import Workspace

TAG: Final = "vip_level"
FILE: Final = "values/vip_level.csv"

_SPENT: Final = """SELECT i.value AS member_no, coalesce(sum(o.amount), 0)::DOUBLE AS spent
    FROM identifiers i JOIN customer_of c USING (identifier_id)
    LEFT JOIN (SELECT c.customer_id, o.amount FROM orders o JOIN customer_of c USING (identifier_id)
        WHERE o.paid_at IS NOT NULL) o ON o.customer_id = c.customer_id
    WHERE i.type = 'member_no' AND i.scope = $scope GROUP BY i.value ORDER BY i.value"""
_LEVELS: Final = ((3000.0, "V4"), (1200.0, "V3"), (300.0, "V2"), (0.0, "V1"))


def import_levels(workspace: Workspace, author: str) -> Imported | None:
    """Write the file into the workspace and give the tag its values; None where nobody is a member."""
    item = workspace.definitions.get("tag", TAG)
    members = workspace.pool.query(_SPENT, {"scope": MEMBERSHIP}).to_pylist()
    if item is None or not members:
        return None
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["member_no", "vip_level"])
    writer.writerows(
        (row["member_no"], next(level for least, level in _LEVELS if row["spent"] >= least)) for row in members
    )
    path = workspace.root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8")
    tag = parse_tag(item.body)
    assert isinstance(tag, ImportTag)
    return import_values(workspace, tag, path.read_bytes(), f"member_no@{MEMBERSHIP}", author)
