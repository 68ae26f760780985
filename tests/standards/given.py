"""Strategies: values as senders write them, good and bad."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = [
    "", " ", "null", "N/A", "138****1234", "13812345678", "+86 138-1234-5678", "13812345678-1234", "021-62345678",
    "a@b.cn", "A***@b.cn", "¥1,234.50", "1.2万", "USD 5", "(3.5)", "NaN", "99.50", "2024-01-02T03:04:05Z",
    "2024/1/2 3:04", "20240102", "1704164645", "1704164645678", "45293", "0000-00-00", "男", "2", "是", "no", "a,b、c",
    "11010519491231002X", "上海 浦东", "浙江省", "鼓楼区", "微信公众号", "CNY", "人民币", "e\u0301", "a\0b", "１２３",
    "Tue, 02 Jan 2024 03:04:05 GMT", "2024年1月2日 下午3:04",
]  # fmt: skip


def scalars() -> st.SearchStrategy[Any]:
    """JSON values that are no containers."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.integers(-5, 2_000_000_000),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-10_000_000, 10_000_000).map(lambda cents: cents / 100),
        st.sampled_from(TEXTS),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    )


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, mostly scalars."""
    return st.one_of(scalars(), st.lists(scalars(), max_size=3), st.dictionaries(st.sampled_from("abc"), scalars()))
