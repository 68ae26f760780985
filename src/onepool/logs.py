"""How log lines look. Tracebacks show places and no values: locals hold secrets, bodies and people's data."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up() -> None:
    """Write lines as structlog does by default, but for its tracebacks, which print every local variable."""
    # It warns of every line that is no request, and anybody can send those as fast as the disk fills.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    processors = structlog.get_config()["processors"]
    if processors and isinstance(processors[-1], structlog.dev.ConsoleRenderer):
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        structlog.configure(processors=[*processors[:-1], renderer])
