"""Scenario files: which people there are, how they and the platforms behave, and what happens by itself.

docs/how-to/sandbox.md describes every key. Spans are two numbers of seconds; shares and probabilities are 0 … 1.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml

from onepool.sandbox.errors import ScenarioError

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Span = Annotated[tuple[float, ...], msgspec.Meta(min_length=2, max_length=2)]

EXAMPLES: Final = "onepool.sandbox.scenarios"


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``start``: where the world's time begins, in seconds before now. ``speed``: how fast it runs."""

    start: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    speed: Positive = 1.0


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person of the scenario's own. ``ids``: ``{openid@wx…: oABC}``; what is not given is made up by the seed."""

    key: str
    name: str = ""
    phone: str = ""
    email: str = ""
    ids: dict[str, str] = {}
    touchpoints: list[str] | None = None
    """Where they are a follower, contact or buyer at the start; None: by the shares, like everybody."""


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``count`` people are made up. ``shares``: by channel, how many of them are there at the start (0.5)."""

    count: Annotated[int, msgspec.Meta(ge=0, le=200_000)] = 50
    shares: dict[str, Share] = {}
    named: list[Named] = []
    everybody: bool = False
    """An id that nobody here has is somebody's all the same: a follower who has just written, a contact, a buyer."""


class Staff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of staff at WeCom: how likely a task is confirmed, and when. ``licensed``: may be asked about."""

    id: str
    name: str = ""
    confirms: Share = 0.8
    after: Span = (60.0, 14_400.0)
    licensed: bool = True


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a platform answers. Faults: ``busy`` (its own code), ``error`` (HTTP 502), ``lost`` (done, not answered)."""

    delay: Span = (0.0, 0.0)
    busy: Share = 0.0
    error: Share = 0.0
    lost: Share = 0.0
    token_seconds: Positive = 7200.0
    calls_a_minute: int | None = None
    calls_a_day: int | None = None
    page: int | None = None
    """A smaller page than the platform's, so that paging shows with few people."""
    templates: list[str] = []
    """Templates that exist; none named: every one does."""
    arrives: Share = 1.0
    """How many messages that were taken arrive; receipts tell of the others."""
    blocks: Share = 0.0
    """Of those that do not arrive: how many because the person blocks them."""
    report: Span = (1.0, 5.0)
    """How long a receipt takes."""


class Buying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders before the start: ``each`` per buyer and shop (span), over ``days``; how many go how far."""

    each: Annotated[tuple[int, ...], msgspec.Meta(min_length=2, max_length=2)] = (0, 3)
    days: Positive = 7.0
    paid: Share = 0.9
    finished: Share = 0.6
    refunded: Share = 0.08


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happens by itself: once ``after`` seconds, or ``every`` so many; ``person`` ``*``: by chance."""

    do: str
    account: str = ""
    person: str = "*"
    after: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    every: Positive | None = None
    given: Annotated[dict[str, Any], msgspec.Meta(description="what the act needs")] = {}


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account where no workspace is given. Settings are made up, secrets too: nothing here is real."""

    channel: str
    settings: dict[str, Any] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario as a whole."""

    scenario: str
    seed: int = 1
    time: Time = Time()
    server: str = "http://127.0.0.1:8000"
    accounts: dict[str, Place] = {}
    people: People = People()
    staff: list[Staff] = []
    platforms: dict[str, Behaviour] = {}
    buying: Buying = Buying()
    acts: list[Line] = []

    def behaviour(self, touchpoint: str, channel: str) -> Behaviour:
        """By the touchpoint's name, else the channel's, else ``default``."""
        return next(
            (self.platforms[name] for name in (touchpoint, channel, "default") if name in self.platforms), Behaviour()
        )


def examples() -> list[str]:
    """Names of the scenarios that come with the package."""
    found = importlib.resources.files(EXAMPLES).iterdir()
    return sorted(one.name.removesuffix(".yaml") for one in found if one.name.endswith(".yaml"))


def load(path: str | Path) -> Scenario:
    """The scenario of a file, or an example by its name. Raises ScenarioError naming the file and the key."""
    if str(path) in examples():
        text = importlib.resources.files(EXAMPLES).joinpath(f"{path}.yaml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise ScenarioError(
                f"can't be read: {type(error).__name__}", where=str(path), hint=f"or one of {', '.join(examples())}"
            ) from error
    try:
        return parse(yaml.safe_load(text), str(path))
    except yaml.YAMLError as error:
        raise ScenarioError(f"not readable as YAML: {error}", where=str(path)) from error


def parse(content: Any, where: str = "scenario") -> Scenario:
    """A scenario from plain data. Raises ScenarioError."""
    if not isinstance(content, Mapping):
        raise ScenarioError("a scenario is a mapping", where=where)
    try:
        return msgspec.convert(content, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(str(error), where=where, hint="docs/how-to/sandbox.md lists the keys") from error
