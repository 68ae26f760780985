"""Where compiled functions are kept between runs.

numba keeps what it compiled beside the source and compiles a function anew when its own file changed. A function that
calls one in another file has that one inside it, though, and would go on with the old one. So what was compiled is kept
in a folder named after all sources concerned: after any change, everything is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_ROOMS = ("identity", "pool")
"""The packages that have compiled functions: in files that say one of _SIGNS, as do those of constants they use."""

_SIGNS = (b"numba", b"onepool.identity.jit")


def keep_compiled() -> None:
    """Set numba's folder, unless somebody did. To be called before numba is imported."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sources():
        source = path.read_bytes()
        if any(sign in source for sign in _SIGNS):
            digest.update(source)
    name = f"numba-{digest.hexdigest()[:12]}"
    own = root / "__pycache__"
    shared = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onepool"
    base = own if os.access(own if own.exists() else root, os.W_OK) else shared
    os.environ["NUMBA_CACHE_DIR"] = str(base / name)


def sources() -> Iterator[Path]:
    """All files of the packages that have compiled functions, in a fixed order."""
    root = Path(__file__).parent
    for room in _ROOMS:
        yield from sorted((root / room).rglob("*.py"))
