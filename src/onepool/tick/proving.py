"""Which numbers a customer proved: what a marketplace masks is the number its account is bound to, and a code sent by
SMS or a platform's word proves a plain one. A number that was typed may be a relative's; so may the receiver's of an
order, masked or not.

A number is known here by its first three and last four digits, which is what a mask shows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool import Session

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TYPED_BY = ("form", "typed", "manual", "staff", "import", "填写", "手填", "录入")
PROVED_BY = ("verified", "sms", "sms_code", "otp", "one_tap", "wechat", "alipay", "验证码", "一键登录", "授权手机号")
"""What the field `method` of an event says of a phone or e-mail address in it."""


def proved_numbers(session: Session, customer: I64, only: I64 | None = None) -> pa.Table:
    """(record_id, number), each once, of customers given by node, as `matching.records_of` has them."""
    session.relation(
        "_provers", pa.table({"identifier_id": np.arange(customer.size, dtype=np.int64), "record_id": customer})
    )
    wanted = ""
    if only is not None:
        session.relation("_provers_wanted", pa.table({"record_id": only}))
        wanted = "SEMI JOIN _provers_wanted w ON w.record_id = r.record_id"
    return session.query(
        f"""WITH numbers AS (
            SELECT f.identifier_id, right(f.value, 11) AS number FROM attribute_facts f
            LEFT JOIN events e ON e.seq = f.seq
            WHERE f.attribute = 'masked_phone' AND contains(f.value, '*')
                AND coalesce(right(e.receiver_phone, 11) <> right(f.value, 11), true)
            UNION ALL
            SELECT f.identifier_id, right(f.value, 11) FROM attribute_facts f
            JOIN events e ON e.seq = f.seq
            WHERE f.attribute = 'phone' AND list_contains($methods, lower(e.method)))
        SELECT DISTINCT r.record_id, CAST(left(number, 3) || right(number, 4) AS BIGINT) AS number
        FROM numbers n JOIN _provers r ON r.identifier_id = n.identifier_id {wanted}
        WHERE regexp_full_match(number, '1[0-9]{{2}}[0-9*]{{4}}[0-9]{{4}}') ORDER BY ALL""",
        {"methods": list(PROVED_BY)},
    )


def both_proved(a: I64, b: I64, numbers: pa.Table) -> Bools:
    """Which pairs of records proved a number in common. `numbers`: what `proved_numbers` gave."""
    record = numbers.column("record_id").to_numpy().astype(np.int64)
    number = numbers.column("number").to_numpy().astype(np.int64)
    start, end = np.searchsorted(record, a, "left"), np.searchsorted(record, a, "right")
    count = end - start
    pair = np.repeat(np.arange(a.size), count)
    place = np.arange(pair.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(start, count)
    own = pa.table({"record_id": b[pair], "number": number[place]})
    there = pc.is_in(_key(own), value_set=_key(numbers)).to_numpy(zero_copy_only=False)
    found = np.zeros(a.size, np.bool_)
    found[pair[there]] = True
    return found


def _key(numbers: pa.Table) -> pa.Array:
    """Record and number as one: numbers have seven digits."""
    record, number = (numbers.column(name).to_numpy().astype(np.int64) for name in ("record_id", "number"))
    return pa.array(record * 10_000_000 + number)


__all__ = ["PROVED_BY", "TYPED_BY", "both_proved", "proved_numbers"]
