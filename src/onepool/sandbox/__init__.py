"""Local doubles of the platforms: the whole loop without an account, a network or a person.

Each double is the server side of one platform, written from its documents and independent of our channel's code: it
checks what we send as the platform would, and its pushes are signed and sealed as the platform's. `Sandbox` is pure of
network; `serve` puts it on loopback.
"""

from __future__ import annotations

from onepool.clock import SystemClock
from onepool.sandbox.accounts import Watching, of_scenario, of_workspace
from onepool.sandbox.errors import ActError, SandboxError, ScenarioError
from onepool.sandbox.sandbox import Sandbox
from onepool.sandbox.scenario import Scenario, examples, load, parse
from onepool.sandbox.server import HOST, PORT, Beside, known, listen, listen_near, running, serve
from onepool.workspace import Workspace

DEFAULT = "brand"
"""The example that fits any workspace, the demonstration brand's first of all."""

ALONE = "two_shops"
"""The example with accounts of its own."""


def open_sandbox(
    workspace: Workspace | None, scenario: Scenario | None = None, *, told: list[str] | None = None
) -> Sandbox:
    """A sandbox for a workspace's touchpoints, or for the accounts of a scenario. Raises SandboxError.

    ``told``: is given a line for each touchpoint that can't be played. Touchpoints of the workspace that are connected
    or changed later are played from then on.
    """
    chosen = scenario or load(DEFAULT if workspace is not None else ALONE)
    if workspace is None:
        return Sandbox(chosen, of_scenario(chosen), SystemClock())
    accounts = of_workspace(workspace, told if told is not None else [])
    return Sandbox(chosen, accounts, SystemClock(), changed=Watching(workspace))


__all__ = [
    "HOST",
    "PORT",
    "ActError",
    "Beside",
    "Sandbox",
    "SandboxError",
    "Scenario",
    "ScenarioError",
    "examples",
    "known",
    "listen",
    "listen_near",
    "load",
    "open_sandbox",
    "parse",
    "running",
    "serve",
]
