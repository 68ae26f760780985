"""Before a journey is published: the plan, simulations over the past, two definitions beside each other."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, status

from onepool.api import audience, backtest_cases, backtest_jobs, backtests, programmes
from onepool.api.access import Caller, Need, Workspace
from onepool.api.called import names_of
from onepool.api.models.common import Titles
from onepool.api.models.journey_simulate import (
    ApprovalNeed,
    BacktestJob,
    DifferenceRequest,
    JourneyCase,
    JourneyCaseRequest,
    JourneyCaseResults,
    JourneyCases,
    JourneyCasesRun,
    JourneyPlan,
    PlanRequest,
    Simulation,
    SimulationDifference,
    SimulationRequest,
)
from onepool.api.models.journeys import JourneyProblem
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.journeys import store
from onepool.journeys.plan.plan import plan
from onepool.privacy import approvals
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/journeys", tags=["journeys"])
Reader = Annotated[Caller, Depends(Need(Permission.JOURNEYS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.JOURNEYS_WRITE))]
JourneyName = Annotated[str, Path(max_length=63)]
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@router.post("/plan")
def plan_journey(body: PlanRequest, who: Reader, ws: Workspace) -> JourneyPlan:
    """What publishing a definition would do: entrants, messages per channel and day, what holds them back, cost,
    overlap with other journeys, what becomes of runs under way. Nothing is written."""
    checked = programmes.check_shown(ws, body.definition)
    problems = checked.problems
    _usable(problems)
    found = plan(ws, audience.context(ws), body.definition, body.old_runs, body.days)
    name = str(body.definition.get("journey"))
    return backtests.planned(ws, found, problems, _approval(ws, name, who), backtests.title_of(ws), body.days)


@router.post("/simulate")
def simulate_journey(body: SimulationRequest, who: Reader, ws: Workspace, request: Request) -> Simulation:
    """What a definition would have done to some customers over the past: every step, every message as it would have
    been written, and what would have held it back. Nothing is written or sent. Of simulations, differences and cases
    to be kept a server carries out two at a time: others are told when to ask again (429)."""
    _usable(programmes.check_shown(ws, body.definition).problems)
    with _jobs(request).simulating():
        asked, total = backtests.asked_of(ws, body)
        return backtests.simulated(ws, asked, total, _names(ws, who))[0]


@router.post("/simulate/difference")
def compare_simulations(body: DifferenceRequest, who: Reader, ws: Workspace, request: Request) -> SimulationDifference:
    """Two definitions over the same customers and the same past."""
    old = body.before if body.before is not None else _published(ws, str(body.definition.get("journey")))
    for definition in (old, body.definition):
        _usable(programmes.check_shown(ws, definition).problems)
    with _jobs(request).simulating():
        before, total = backtests.asked_of(ws, body.model_copy(update={"definition": old}))
        after, _ = backtests.asked_of(ws, body)
        together = after if before.customers is None else before
        customers = together.customers
        before, after = (backtests.scoped(one, customers) for one in (before, after))
        return backtests.difference(ws, before, after, total, _names(ws, who))


@router.post("/backtest", status_code=status.HTTP_202_ACCEPTED)
def start_backtest(body: SimulationRequest, who: Reader, ws: Workspace, request: Request) -> BacktestJob:
    """Begin a long simulation over everybody, or all of a segment, without drawing a sample."""
    _usable(programmes.check_shown(ws, body.definition).problems)
    asked, _ = backtests.asked_of(ws, body, everybody=True)
    return _jobs(request).start(ws, asked, _names(ws, who))


@router.get("/backtest/{id}")
def read_backtest(id: JobId, _who: Reader, request: Request) -> BacktestJob:
    """How far a long simulation is, and what it found."""
    found = _jobs(request).get(id)
    if found is None:
        raise NotFound("there is no such back-test (any more)", where=id, code="backtest-unknown")
    return found


@router.delete("/backtest/{id}")
def stop_backtest(id: JobId, _who: Reader, request: Request) -> BacktestJob:
    """Stop a long simulation."""
    jobs = _jobs(request)
    jobs.stop(id)
    return read_backtest(id, _who, request)


@router.post("/cases", status_code=status.HTTP_201_CREATED)
def keep_journey_case(body: JourneyCaseRequest, who: Writer, ws: Workspace, request: Request) -> JourneyCase:
    """Carry a simulation out and keep it with what came out of it: from then on the journey is expected to come to the
    same. A case of that name gets the new outcome."""
    _usable(programmes.check_shown(ws, body.definition).problems)
    with _jobs(request).simulating():
        return backtest_cases.keep(ws, body, who.actor)


@router.post("/cases/run")
def run_journey_cases(body: JourneyCasesRun, _who: Reader, ws: Workspace, request: Request) -> JourneyCaseResults:
    """Carry out cases of a journey over a definition of it, and say what comes out otherwise than expected. A server
    carries out those of one request at a time: others are told to ask again."""
    _usable(programmes.check_shown(ws, body.definition).problems)
    found = backtest_cases.carried(ws, body.definition, body.names)
    with _jobs(request).carrying():
        return JourneyCaseResults(items=list(found))


@router.get("/{name}/cases")
def list_journey_cases(name: JourneyName, _who: Reader, ws: Workspace) -> JourneyCases:
    """The cases of a journey."""
    return JourneyCases(items=backtest_cases.listed(ws, name))


@router.delete("/{name}/cases/{case}", status_code=status.HTTP_204_NO_CONTENT)
def delete_journey_case(
    name: JourneyName, case: Annotated[str, Path(max_length=60)], who: Writer, ws: Workspace
) -> None:
    """Retire a case; its versions stay."""
    backtest_cases.remove(ws, name, case, who.actor)


def _jobs(request: Request) -> backtest_jobs.Backtests:
    return cast(backtest_jobs.Backtests, request.app.state.backtests)


def _names(ws: WorkspaceLike, who: Caller) -> backtests.Names:
    return lambda session, ids: names_of(ws, session, who, ids)


def _usable(problems: list[JourneyProblem]) -> None:
    """Raises Invalid for a definition with faults: it can't be carried out."""
    faults = [one for one in problems if one.severity == "error"]
    if faults:
        listed = "; ".join(f"{one.place}: {one.message}" for one in faults[:5])
        raise Invalid(listed, where="definition", hint="mend the definition first", code="journey-faults")


def _published(ws: WorkspaceLike, name: str) -> dict[str, object]:
    with ws.state.read() as connection:
        standing = store.standing(connection, name)
        if standing is None:
            raise NotFound("it was never published: give `before`", where=name, code="version-unknown")
        return dict(store.published(connection, standing.version_id).body)


def _approval(ws: WorkspaceLike, name: str, who: Caller) -> ApprovalNeed:
    item = ws.definitions.get(store.KIND, name)
    if item is None:
        needed = ws.settings.journeys.approval and not who.may(Permission.JOURNEYS_APPROVE)
        return ApprovalNeed(needed=needed, status=None, why=_why() if needed else None)
    needed = store.needs_approval(ws, item, who.may(Permission.JOURNEYS_APPROVE))
    found = approvals.latest(ws.state, store.KIND, name, item.version)
    return ApprovalNeed(needed=needed, status=None if found is None else found.status, why=_why() if needed else None)


def _why() -> Titles:
    return Titles(zh="发布前需要另一人批准", en="a second person has to approve it before it is published")
