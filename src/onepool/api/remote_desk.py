"""The desk of a running worker, asked from another process of the same owner over the worker's Unix socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from onepool.errors import OnePoolError
from onepool.identity.read.preview_types import (
    Change,
    DecisionPreview,
    Engine,
    MatchingState,
    ModelsCompared,
    RulesPreview,
    ThresholdsPreview,
)

PATH = "/internal/identity"

_Answer = TypeVar("_Answer")


class DeskError(OnePoolError):
    """The running worker could not answer."""

    code = "no-worker"


class _Asked(msgspec.Struct):
    """One call. `body`: of rules; `join`, `review`: of thresholds; `versions`, `effects`: of two models; `learn`,
    `engine`: of a run."""

    what: str
    change: Change | None = None
    body: dict[str, Any] = {}
    segments: list[str] = []
    join: float = 1.0
    review: float = 1.0
    versions: tuple[int, int] = (0, 0)
    effects: bool = False
    learn: bool = True
    engine: Engine = "onepool"


class RemoteDesk:
    """Answers as the worker's desk does; for the command line beside a running server."""

    def __init__(self, socket: Path) -> None:
        self._client = httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=600)

    def preview_decision(self, change: Change, segments: Sequence[str] = ()) -> DecisionPreview:
        """What a decision would do."""
        return self._ask(_Asked("decision", change, segments=list(segments)), DecisionPreview)

    def preview_rules(self, body: Mapping[str, Any], segments: Sequence[str] = ()) -> RulesPreview:
        """What rules would do."""
        return self._ask(_Asked("rules", body=dict(body), segments=list(segments)), RulesPreview)

    def preview_thresholds(self, join: float, review: float) -> ThresholdsPreview:
        """What thresholds would do with the pairs known."""
        return self._ask(_Asked("thresholds", join=join, review=review), ThresholdsPreview)

    def compare_models(
        self, before: int, after: int, effects: bool = False, segments: Sequence[str] = ()
    ) -> ModelsCompared:
        """What two versions of the model say of all customers."""
        asked = _Asked("models", segments=list(segments), versions=(before, after), effects=effects)
        return self._ask(asked, ModelsCompared)

    def start_matching(self, learn: bool = True, engine: Engine = "onepool") -> MatchingState:
        """Learn the model anew (or take the one in force) and match all customers, in the background."""
        return self._ask(_Asked("match", learn=learn, engine=engine), MatchingState)

    def matching_state(self) -> MatchingState:
        """What the run is doing, or how the last one ended."""
        return self._ask(_Asked("state"), MatchingState)

    def close(self) -> None:
        self._client.close()

    def _ask(self, asked: _Asked, kind: type[_Answer]) -> _Answer:
        try:
            answer = self._client.post(f"http://worker{PATH}", content=msgspec.msgpack.encode(asked))
        except httpx.TransportError as error:
            raise DeskError("the running worker does not answer", hint="try again in a moment") from error
        if answer.status_code != httpx.codes.OK:
            raise DeskError(answer.text)
        return msgspec.msgpack.decode(answer.content, type=kind)


def answer(raw: bytes, desk: Any) -> bytes:
    """The worker's side: do what an encoded call asks of an IdentityDesk, and encode the answer."""
    asked = msgspec.msgpack.decode(raw, type=_Asked)
    if asked.what == "decision" and asked.change is not None:
        found = desk.preview_decision(asked.change, asked.segments)
    elif asked.what == "rules":
        found = desk.preview_rules(asked.body, asked.segments)
    elif asked.what == "thresholds":
        found = desk.preview_thresholds(asked.join, asked.review)
    elif asked.what == "match":
        found = desk.start_matching(asked.learn, asked.engine)
    elif asked.what == "models":
        found = desk.compare_models(*asked.versions, asked.effects, asked.segments)
    else:
        found = desk.matching_state()
    return msgspec.msgpack.encode(found)
