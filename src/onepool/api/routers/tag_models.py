"""Learned tags: their model cards, and one customer's score explained."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from onepool.api import audience
from onepool.api.access import Caller, Need, Workspace
from onepool.api.lookup import find_customer
from onepool.api.models.common import Instant, Titles
from onepool.api.models.tag_models import TagModel, TagModelReason, TagModelRun, TagModelRuns
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import ConditionError
from onepool.audience.mining.explain import defined, explain_customer
from onepool.audience.mining.store import ModelLog, TrainedModel
from onepool.audience.tags.learned import LearnedTag
from onepool.audience.tags.model import TagBase
from onepool.audience.tags.parse import parse_tag
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/tags", tags=["tags"])
Reader = Annotated[Caller, Depends(Need(Permission.TAGS_READ))]
TagName = Annotated[str, Path(max_length=200)]


@router.get("/{name}/model")
def read_tag_model(
    name: TagName,
    _who: Reader,
    ws: Workspace,
    as_of: Annotated[Instant | None, Query(description="The run at or before then; the newest if not given.")] = None,
) -> TagModel:
    """The model card of a learned tag: what it was learned from, how good it is, refusals and warnings."""
    _known(ws, name)
    found = ModelLog(ws.state).latest(name, as_of)
    if found is None:
        raise NotFound(
            "this tag has not learned anything yet",
            where=name,
            code="model-none",
            hint="run it: POST /tags/{name}/run, or wait for its schedule",
        )
    return _model(found)


@router.get("/{name}/model/versions")
def list_tag_models(name: TagName, _who: Reader, ws: Workspace) -> TagModelRuns:
    """All runs of a learned tag that are kept, the newest first."""
    _known(ws, name)
    return TagModelRuns(
        items=[
            TagModelRun(
                version=run.version,
                as_of=run.as_of,
                trained_at=run.trained_at,
                refused=run.refused,
                method=run.card.method,
                scored=run.card.scored,
                headline=Titles(zh=run.card.summary.zh, en=run.card.summary.en),
            )
            for run in ModelLog(ws.state).runs(name)
        ]
    )


@router.get("/{name}/model/explain")
def explain_tag_model(
    name: TagName,
    _who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))],
    ws: Workspace,
    customer: Annotated[str, Query(max_length=200, description="customer_id, or an identifier as type:value.")],
) -> TagModelReason:
    """Why one customer has this score: the figures and what each feature contributed, by the published run."""
    _known(ws, name)
    found = ModelLog(ws.state).published(name)
    tag = None if found is None else defined(ws.definitions, found)
    if found is None or tag is None:
        raise NotFound("no run of this tag was published yet", where=name, code="model-none")
    with ws.pool.read() as session:
        customer_id = find_customer(session, customer, ws.standard(), ws.settings.country)
        if customer_id is None:
            raise NotFound("no customer is known under this", where="customer", code="customer-unknown")
        why = explain_customer(session, tag, found, customer_id, audience.context(ws))
    return TagModelReason(tag=name, **{key: getattr(why, key) for key in type(why).model_fields})


def _known(ws: WorkspaceLike, name: str) -> None:
    item = ws.definitions.get("tag", name)
    if item is None:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    try:
        tag: TagBase = parse_tag(item.body)
    except ConditionError as error:
        raise Invalid(f"the tag can't be used as it is defined: {error}", where=name, code="tag") from None
    if not isinstance(tag, LearnedTag):
        raise NotFound("this tag is no learned one: it has no model card", where=name, code="model-none")


def _model(found: TrainedModel) -> TagModel:
    card = {key: getattr(found.card, key) for key in type(found.card).model_fields}
    return TagModel(tag=found.tag, version=found.version, trained_at=found.trained_at, **card)
