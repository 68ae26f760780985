"""The sandbox of a touchpoint: what people can do there, and letting somebody do it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.sandbox import SandboxAct, SandboxDone, SandboxState
from onepool.api.problems import Conflict, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.collect import doubles
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/touchpoints/{name}/sandbox", tags=["touchpoints"])
Writer = Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_WRITE))]
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$")]


@router.get("")
def read_sandbox(name: Name, _who: Writer, ws: Workspace) -> SandboxState:
    """Whether a sandbox runs on this machine, and what people can do at this touchpoint in it."""
    on = _on(ws, name)
    address = _address(ws)
    if address is None or not doubles.runs(address):
        return SandboxState(running=False, acts=[])
    return SandboxState(running=True, acts=doubles.ask(address, "GET", "/_/acts").get(name, []) if on else [])


@router.post("/acts")
def act_in_sandbox(name: Name, body: SandboxAct, who: Writer, ws: Workspace, time: Time) -> SandboxDone:
    """Let somebody of the sandbox's world do something at this touchpoint. What comes of it arrives at its hook."""
    if not _on(ws, name):
        raise Conflict("this touchpoint does not use the sandbox", where=name, code="sandbox-off")
    address = _address(ws)
    if address is None:
        raise doubles.SandboxAway("no sandbox runs", where=name, hint=doubles.START)
    asked = {"do": body.do, "account": name, "person": body.person, "given": body.given}
    done = doubles.ask(address, "POST", "/_/acts", json=asked)
    audit.record(ws.state, time, who.actor, "sandbox.act", f"touchpoint:{name}", {"do": body.do})
    told = {key: value for key, value in done.items() if key not in ("do", "account", "person")}
    return SandboxDone(do=body.do, person=str(done.get("person", "")), told=told)


def _on(ws: WorkspaceLike, name: str) -> bool:
    item = ws.definitions.get("touchpoint", name)
    if item is None:
        raise NotFound("there is no such touchpoint", where=name, code="touchpoint-unknown")
    return bool(item.body.get("sandbox"))


def _address(ws: WorkspaceLike) -> str | None:
    """Where the sandbox is; one on another machine is not acted upon."""
    return ws.sandbox if doubles.here(ws.sandbox) else None
