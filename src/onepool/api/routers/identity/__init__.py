"""OneID: overview, graph and explanation; review; decisions; rules; the model of likelihood."""

from fastapi import APIRouter

from onepool.api.routers.identity import decisions, lists, model, model_versions, overview, review, rules, versions

routers: list[APIRouter] = [
    overview.router,
    lists.router,
    review.router,
    decisions.router,
    rules.router,
    versions.router,
    model.router,
    model_versions.router,
]
