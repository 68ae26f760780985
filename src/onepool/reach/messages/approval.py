"""Which messages a second person still has to look at."""

from __future__ import annotations

from collections.abc import Iterable

from onepool.definitions import Definitions
from onepool.privacy import approvals
from onepool.reach.messages.store import KIND
from onepool.settings import Settings
from onepool.state import State


def unapproved(state: State, definitions: Definitions, settings: Settings, names: Iterable[str]) -> list[str]:
    """Those of the messages whose current version nobody has approved; none where the workspace does not ask for it."""
    if not settings.messages.approval:
        return []
    found = []
    for name in names:
        item = definitions.get(KIND, name)
        if item is not None and not approvals.approved(state, KIND, name, item.version):
            found.append(name)
    return found
