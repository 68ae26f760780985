"""Learned tags: model cards, runs, and why one customer has this score."""

from __future__ import annotations

from onepool.api.models.common import Instant, Model, Titles
from onepool.audience.mining.card import CustomerModel, ModelCard


class TagModel(ModelCard):
    """The card of one run of a learned tag."""

    tag: str
    version: int
    """Of the tag's definition."""
    trained_at: Instant


class TagModelRun(Model):
    """One run in the list."""

    version: int
    as_of: Instant
    trained_at: Instant
    refused: bool
    method: str
    scored: int
    headline: Titles


class TagModelRuns(Model):
    """The runs of a learned tag, the newest first."""

    items: list[TagModelRun]


class TagModelReason(CustomerModel):
    """Why a customer has this value of a learned tag."""

    tag: str
