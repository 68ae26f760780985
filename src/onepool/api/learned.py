"""Scores of learned tags among the reasons of a customer's page."""

from __future__ import annotations

from onepool.api.models.common import Titles
from onepool.api.models.customers import Reason
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import Context
from onepool.audience.mining import ModelLog, defined, explain_customer
from onepool.audience.mining.card import Words
from onepool.pool.engine import Session


def score_reasons(ws: WorkspaceLike, session: Session, name: str, customer_id: int, ctx: Context) -> list[Reason]:
    """The figures and what each feature contributed, by the published run; nothing where there is none."""
    found = ModelLog(ws.state).published(name)
    tag = None if found is None else defined(ws.definitions, found)
    if found is None or tag is None:
        return []
    why = explain_customer(session, tag, found, customer_id, ctx)
    figures = [
        _reason("figure", one.title, f"{one.value:g}" if isinstance(one.value, float) else one.value)
        for one in why.figures
    ]
    return [*figures, *(_reason("contribution", one.sentence, f"{one.effect:+.3f}") for one in why.contributions)]


def _reason(kind: str, words: Words, figure: str | None) -> Reason:
    return Reason(
        kind=kind,
        place="",
        sentence=Titles(zh=words.zh, en=words.en),
        holds=None,
        figure=figure,
        event_ids=[],
        children=[],
    )
