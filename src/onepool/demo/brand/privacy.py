"""Privacy numbers: a host's number with an extension that stands for the receiver's own, another for every order."""

from __future__ import annotations

from onepool.demo.brand.ids import mixed
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Bools, Texts

_HOSTS = 20_000_000
_EXTENSIONS = 9_000


def hides(order: I64, rate: float) -> Bools:
    """Whether these orders (by number) have a privacy number: the same in everything that is told of an order."""
    found: Bools = (mixed(order) // 7 % 1_000) < round(rate * 1_000)
    return found


def privacy_numbers(order: I64) -> Texts:
    """The privacy numbers of these orders."""
    drawn = mixed(order)
    return noise.host_numbers(drawn % _HOSTS, drawn // _HOSTS % _EXTENSIONS)
