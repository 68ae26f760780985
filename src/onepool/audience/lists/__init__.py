"""Lists of customers: uploaded identifiers, or the members of a segment as they once were.

The state keeps every change as it was told (`log`), the pool holds who is on a list now (`entries`): an identifier that
nobody is known by yet waits there, and its owner is on the list from the batch that brings it. Merges and splits carry
members along, since an entry belongs to an identifier and never to a customer.
"""

from __future__ import annotations

from onepool.audience.lists.definition import CUSTOMER, LISTS, ListDefinition, list_titles, lists_named, parse_list
from onepool.audience.lists.entries import ListSize, members, past, sizes, unmatched
from onepool.audience.lists.errors import ListError
from onepool.audience.lists.upload import Refusal, Upload, delete_list, snapshot_list, upload_list

__all__ = [
    "CUSTOMER",
    "LISTS",
    "ListDefinition",
    "ListError",
    "ListSize",
    "Refusal",
    "Upload",
    "delete_list",
    "list_titles",
    "lists_named",
    "members",
    "parse_list",
    "past",
    "sizes",
    "snapshot_list",
    "unmatched",
    "upload_list",
]
