"""The command line: `onepool`."""

from __future__ import annotations

import sys

from onepool.errors import OnePoolError, UsageError
from onepool.loading import loading, ours, without_pandas

with loading():
    from onepool.cli.app import app
    from onepool.cli.output import fail

    without_pandas()

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; exit status 0 done, 1 failed, 2 wrong use."""
    ours()
    try:
        app()
    except UsageError as error:
        fail(error)
        sys.exit(2)
    except OnePoolError as error:
        fail(error)
        sys.exit(1)
