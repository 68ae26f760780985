"""How the graph's functions are compiled."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic


def compiled(function: Any) -> Any:
    """Compile with numba, keep the result on disk.

    Without numba's memory management, so the function and what it calls must not make arrays: to count references to a
    dozen tables at each call would cost several times what the functions do.
    """
    return numba.njit(cache=True, _nrt=False)(function)  # type: ignore[call-overload]


def released(function: Any) -> Any:
    """As `compiled`, for what is called from Python for long: other threads run meanwhile."""
    return numba.njit(cache=True, _nrt=False, nogil=True)(function)  # type: ignore[call-overload]


def inlined(function: Any) -> Any:
    """As `compiled`, made part of whatever calls it: a call hands over all tables, a hundred numbers, which costs more
    than a short function does."""
    return numba.njit(cache=True, _nrt=False, forceinline=True)(function)  # type: ignore[call-overload]


def _prefetch(context, row, place):  # type: ignore[no-untyped-def]
    """prefetch(row, place): have row[place] of an array of one dimension brought nearer, to be used a little later.

    A hint (llvm.prefetch), which changes nothing but time: a walk through memory in no order waits for each step,
    unless it is known some steps ahead. A place outside the row does no harm, since nothing is read.
    """

    def generate(context, builder, signature, given):  # type: ignore[no-untyped-def]
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, given[0])
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        place = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, kind, made, [at], wraparound=False, boundscheck=False
        )
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], form)
        # To be read (0 rather than 1: written), and kept near (3), as data (1).
        builder.call(hint, [builder.bitcast(place, byte), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(row, place), generate


prefetch: Any = intrinsic(_prefetch)


def _swap(context, row, place, old, new):  # type: ignore[no-untyped-def]
    """swap(row, place, old, new): put `new` into row[place] if that is `old`, at once as other threads see it (llvm's
    cmpxchg); returns whether it was."""

    def generate(context, builder, signature, given):  # type: ignore[no-untyped-def]
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, given[0])
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        place = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, kind, made, [at], wraparound=False, boundscheck=False
        )
        old, new = (context.cast(builder, given[n], signature.args[n], kind.dtype) for n in (2, 3))
        return builder.extract_value(builder.cmpxchg(place, old, new, "acq_rel", "acquire"), 1)

    return types.boolean(row, place, old, new), generate


swap: Any = intrinsic(_swap)
