"""Compiled loops over the events of one customer after the other, for whatever depends on their order.

All of them read the same shape: events sorted by (customer, time, arrival), `offsets` int64[customers + 1] saying where
each customer's events begin, `time` int64[events] in microseconds, and per event a mask with one bit for each step that
the event fits. They hold no Python objects and release the interpreter lock; customers are shared out over threads.
"""

from __future__ import annotations

from onepool.pool.kernels.funnel import Funnel, funnel
from onepool.pool.kernels.ordering import Marked, gather, ordered
from onepool.pool.kernels.pattern import NEVER, Found, Pattern, Quiet, Trace
from onepool.pool.kernels.sequence import before, sequence
from onepool.pool.kernels.tracing import trace

__all__ = [
    "NEVER",
    "Found",
    "Funnel",
    "Marked",
    "Pattern",
    "Quiet",
    "Trace",
    "before",
    "funnel",
    "gather",
    "ordered",
    "sequence",
    "trace",
]
