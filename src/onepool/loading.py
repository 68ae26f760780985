"""Loading many modules: at once, or only when they are asked for."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import Any, NoReturn

_ours = False


def ours() -> None:
    """This process is ours: what is loaded by now stays as long as it does, and so will what `loading` loads."""
    global _ours
    _ours = True
    gc.freeze()


def leave(status: int) -> NoReturn:
    """End this process, which is ours: threads are waited for and what is registered for the end is done, as Python
    does it, but nothing that was loaded is taken apart. Frozen, it would not be found anyhow, of which DuckDB complains
    in fifty lines; thawed for that, a command takes 0.3 s of processor time longer.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            pass  # who read it has gone: nothing is lost that anybody wants
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)


@contextmanager
def loading() -> Iterator[None]:
    """For a process's start: what is made inside stays as long as the process, so Python doesn't look for garbage
    meanwhile (a quarter of the time of loading the server). In a process that is `ours` it never looks through what was
    made again (`gc.freeze`); in others it may, since what they dropped before is garbage still to be found: a frozen
    one would keep a pool's file open.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if _ours:
            gc.freeze()
        if was:
            gc.enable()


def later(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that loads some of its names only when they are first asked for.

    ``names``: name -> the module inside the package that has it; not one that is called as the name is. Raises
    AttributeError for other names. For type checkers the package imports them plainly, under TYPE_CHECKING.
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{names[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return get


class _NoPandas:
    """Refuses one module; of any other it knows nothing, so the finders after it are asked."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError(name)
        return None


def without_pandas() -> None:
    """Have pyarrow do without pandas, which it loads with the first array that it makes of a list, wherever pandas is
    installed: 0.2 s of processor time and 40 MB. For processes that hand out no data frames; who imports pandas itself
    gets it all the same."""
    refusing = _NoPandas()
    sys.meta_path.insert(0, refusing)
    try:
        import pyarrow as pa

        pa.array([])  # it asks once, and remembers
    finally:
        sys.meta_path.remove(refusing)
