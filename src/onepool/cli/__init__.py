"""The command line: `onepool`."""

from __future__ import annotations

from onepool.errors import OnePoolError, UsageError
from onepool.loading import leave, loading, ours, without_pandas

with loading():
    from onepool.cli.app import app
    from onepool.cli.output import fail

    without_pandas()

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; exit status 0 done, 1 failed, 2 wrong use. The process ends with it."""
    ours()
    leave(_run())


def _run() -> int:
    try:
        app()
    except UsageError as error:
        fail(error)
        return 2
    except OnePoolError as error:
        fail(error)
        return 1
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
