"""Conditions of the customers that a tick touched, without a query for what they did.

A tick touches few customers, again and again, under the same definitions: compiling a query for them and having the
engine plan it costs far more than the answer. So what these customers did is read as arrays (from the behaviour index,
or by one plain query) and each leaf is a few operations on them; leaves of other kinds are still compiled. What a leaf
means is stated by `conditions.reference`; tests hold this to it, and to the compiler.
"""

from __future__ import annotations

from onepool.audience.touched.answering import OWNED, PRESENT, answered, present_of
from onepool.audience.touched.program import Found, Program
from onepool.audience.touched.rows import from_index, from_table

__all__ = ["OWNED", "PRESENT", "Found", "Program", "answered", "from_index", "from_table", "present_of"]
