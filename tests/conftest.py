"""How many examples Hypothesis draws, and which: the same ones in every run, unless asked to explore."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import sys
from collections.abc import Generator

import pytest
from httpx._transports import default as _transports
from hypothesis import HealthCheck, settings
from tests.traces import leave_traces

from onepool.loading import loading

EXPLORED = int(os.environ.get("HYPOTHESIS_SCALE", "5"))
"""How many times as many examples the profile `explore` draws."""

# The examples follow from the source of the test alone: a change breaks a test, or it does not, and no luck is in it.
# How long drawing takes is the machine's affair, which may do something else meanwhile.
_SLOW = (HealthCheck.too_slow,)
settings.register_profile(
    "default", derandomize=True, database=None, print_blob=True, suppress_health_check=_SLOW, deadline=None
)
settings.register_profile(
    "explore", derandomize=False, print_blob=True, max_examples=100 * EXPLORED, suppress_health_check=_SLOW,
    deadline=None,
)  # fmt: skip
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Each client reads all certificates anew, 24 ms of processor time, and tests make some hundred of them. Nobody writes
# into what is shared here.
_transports.create_ssl_context = functools.cache(_transports.create_ssl_context)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """After pytest's own handler of faults, which this one follows."""
    leave_traces()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded for some thousand tests stays until the last of them: no garbage is looked for in it."""
    # DuckDB complains at the end of what is never collected.
    atexit.register(gc.unfreeze)
    with loading():
        found = yield
        if "onepool.workspace" in sys.modules:
            from tests import made_before

            made_before.use()
    gc.freeze()
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Exploring, tests that say how many examples they draw draw so many times more."""
    if settings.get_current_profile_name() != "explore":
        return
    scaled: set[int] = set()
    for item in items:
        function = getattr(item, "function", None)
        holder, name = (getattr(item, "cls", None), "settings")
        if not isinstance(getattr(holder, name, None), settings):  # no state machine
            holder, name = function, "_hypothesis_internal_use_settings"
        own = getattr(holder, name, None)
        if isinstance(own, settings) and own.max_examples != settings.default.max_examples and id(holder) not in scaled:
            setattr(holder, name, settings(own, max_examples=own.max_examples * EXPLORED))
            scaled.add(id(holder))
