"""OneID: overview, graph and explanation; review; decisions; rules; the model of likelihood."""

from fastapi import APIRouter

from onepool.api.routers.identity import decisions, model, overview, review, rules

routers: list[APIRouter] = [overview.router, review.router, decisions.router, rules.router, model.router]
