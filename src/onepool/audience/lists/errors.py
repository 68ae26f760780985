"""What can be wrong with a list or a file for one."""

from __future__ import annotations

from onepool.errors import OnePoolError


class ListError(OnePoolError):
    """A list, or a file of identifiers, can't be used as it is. ``code`` tells the cases apart."""

    code = "list"
