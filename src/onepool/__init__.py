"""OnePool (一池): an open-source customer data platform for private-domain operation.

import onepool
ws = onepool.open("mybrand")
ws.query("SELECT channel, count(*) FROM events GROUP BY channel").to_pandas()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onepool.compiled import keep_compiled

if TYPE_CHECKING:
    from onepool.handle import Handle

__version__ = "0.1.0"
__all__ = ["open"]

keep_compiled()


def open(folder: str | Path) -> Handle:
    """Open a workspace folder; the handle's verbs return Arrow tables. Raises WorkspaceError when it is none."""
    # The stores' libraries are loaded when they are needed: the package itself imports in milliseconds.
    from onepool.handle import open_handle

    return open_handle(folder)
