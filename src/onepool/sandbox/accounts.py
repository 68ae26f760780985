"""Which accounts the sandbox plays the platforms of: those of a workspace, or those that a scenario makes up."""

from __future__ import annotations

from onepool.channels import registry
from onepool.channels.base import Account
from onepool.collect.accounts import make_account
from onepool.errors import OnePoolError
from onepool.sandbox.doubles import DOUBLES
from onepool.sandbox.errors import ScenarioError
from onepool.sandbox.scenario import Scenario
from onepool.workspace import Workspace


def of_workspace(workspace: Workspace, told: list[str]) -> list[Account]:
    """Accounts of touchpoints that use the sandbox, and of those whose channel calls no platform, with their secrets.

    ``told`` is given a line for each that can't be played (no double yet, a secret that is missing).
    """
    found = []
    for touchpoint in workspace.touchpoints().values():
        channel = registry.find(touchpoint.channel)
        if channel is None or not (touchpoint.sandbox or not channel.manifest.endpoints) or not touchpoint.settings:
            continue
        if touchpoint.channel not in DOUBLES:
            if touchpoint.sandbox:
                told.append(f"{touchpoint.name}: there is no double of {touchpoint.channel}")
            continue
        try:
            found.append(make_account(touchpoint, workspace.data, workspace.sandbox or "http://127.0.0.1"))
        except OnePoolError as error:
            told.append(str(error))
    return found


class Watching:
    """The accounts of a workspace whose touchpoints change while the doubles run: connected, changed, removed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen: object = None

    def __call__(self) -> list[Account] | None:
        """All accounts; None while no definition changed and no secret was kept anew."""
        seen = self._workspace.definitions.revision(), _stamp(self._workspace)
        if seen == self._seen:
            return None
        self._seen = seen
        return of_workspace(self._workspace, [])


def _stamp(workspace: Workspace) -> int:
    """When a secret was last kept: its file is replaced then."""
    try:
        return (workspace.data / "secrets").stat().st_mtime_ns
    except OSError:
        return 0


def of_scenario(scenario: Scenario) -> list[Account]:
    """The accounts that a scenario makes up. Raises ScenarioError, ChannelError."""
    found = []
    for name, place in scenario.accounts.items():
        manifest = registry.channel(place.channel).manifest
        known = {one.name: one for one in manifest.settings}
        wrong = sorted(set(place.settings) - set(known))
        if wrong:
            raise ScenarioError(
                f"{place.channel} has no setting {wrong[0]}", where=f"accounts.{name}", hint=", ".join(sorted(known))
            )
        if place.channel not in DOUBLES:
            raise ScenarioError(f"there is no double of {place.channel}", where=f"accounts.{name}")
        defaults = {one.name: one.default for one in manifest.settings if one.default is not None}
        found.append(Account(name, place.channel, {**defaults, **place.settings}, {}, dict(manifest.endpoints)))
    return found
