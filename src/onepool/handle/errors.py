"""What the verbs raise themselves."""

from __future__ import annotations

from onepool.errors import OnePoolError


class NotFound(OnePoolError):
    """There is no such segment, tag or customer."""

    code = "not-found"
