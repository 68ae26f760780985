"""What the API asks of the process that computes identity: previews, and runs of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from onepool.api.problems import ApiError
from onepool.identity.read.preview_types import (
    Change,
    DecisionPreview,
    Engine,
    MatchingState,
    ModelsCompared,
    RulesPreview,
    ThresholdsPreview,
)


class IdentityDesk(Protocol):
    """The worker's side of OneID. Every call may be made from any thread; previews keep nothing."""

    def preview_decision(self, change: Change, segments: Sequence[str] = ()) -> DecisionPreview:
        """What a decision would do to customers, and to these segments (empty: to all segments)."""
        ...

    def preview_rules(self, body: Mapping[str, Any], segments: Sequence[str]) -> RulesPreview:
        """What checked rules would do to all customers, and to these segments (empty: to all segments)."""
        ...

    def preview_thresholds(self, join: float, review: float) -> ThresholdsPreview:
        """What thresholds would do with the pairs known."""
        ...

    def compare_models(
        self, before: int, after: int, effects: bool = False, segments: Sequence[str] = ()
    ) -> ModelsCompared:
        """What two versions of the model say of all customers; with `effects` also what the second would change now,
        and what it would do to these segments (empty: to all)."""
        ...

    def start_matching(self, learn: bool = True, engine: Engine = "onepool") -> MatchingState:
        """Learn the model anew (or take the one in force) and match all customers, in the background; one run at a
        time. `splink`: it only proposes pairs for review."""
        ...

    def matching_state(self) -> MatchingState:
        """What the run is doing, or how the last one ended."""
        ...


class Unavailable(ApiError):
    """The process that could do it does not run here."""

    status = 503
    code = "no-worker"


def desk(request: Request) -> IdentityDesk:
    """The desk that the app was given. Raises Unavailable."""
    if request.app.state.identity is None:
        raise Unavailable("nobody computes identity here", hint="start the server with a worker (onepool serve)")
    return cast(IdentityDesk, request.app.state.identity)


Desk = Annotated[IdentityDesk, Depends(desk)]
