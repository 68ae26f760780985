"""The gallery: programmes that are shipped, to be filled in; each brings the segments, coupons and messages it needs.

A template is a YAML file in `templates/`: `journey` is a definition whose `params` are what one fills in (`params`
beside it says what each is called), `segments`, `coupons` and `messages` are definitions that are made with it where
there are none of their names yet. Conditions of segments may name the parameters too: their values are put in.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, Protocol, cast
from urllib.parse import urlsplit

import yaml

from onepool.audience.conditions.anchors.model import with_params
from onepool.audience.conditions.parse import plain_data
from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definition, Definitions
from onepool.journeys.known import Known, known_of
from onepool.journeys.store import KIND, JourneyError
from onepool.privacy import audit
from onepool.standards import Standard
from onepool.state import State

Title = dict[Literal["zh", "en"], str]
Category = Literal["acquire", "activate", "retain", "revenue", "refer", "win_back"]
ParamKind = Literal["text", "number", "products", "coupon", "segment", "span", "message", "time", "address"]
Part = Literal["segment", "coupon", "message"]

SHOP: Final = "https://shop.mianyu.example"
"""Where links of the shipped messages lead; whoever uses a template says where the own shop is."""

_PLAIN: Final = re.compile(r"[^\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff\"'<>\\^`{|}]+")
"""What an address is made of: no spaces, no control characters, nothing that would end it or a value in a template."""

PARTS: Final[tuple[Part, ...]] = ("segment", "coupon", "message")


class Place(Protocol):
    """What of a workspace is needed here."""

    @property
    def state(self) -> State: ...

    @property
    def definitions(self) -> Definitions: ...

    def standard(self) -> Standard: ...

    def touchpoints(self) -> dict[str, Touchpoint]: ...

    def save(self, kind: str, name: str, body: Mapping[str, Any], *, author: str, reason: str = "") -> Definition: ...


@dataclass(frozen=True, slots=True)
class Param:
    """A value to fill in; its default stands in the journey's `params`."""

    name: str
    title: Title
    kind: ParamKind
    help: Title | None = None


@dataclass(frozen=True)
class Template:
    """A programme of the gallery. `parts`: kind -> name -> body of what it needs."""

    name: str
    title: Title
    summary: Title
    category: Category
    journey: Mapping[str, Any]
    params: tuple[Param, ...] = ()
    parts: Mapping[Part, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def filled(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The journey with these values for its parameters. Raises JourneyError for one that it does not have."""
        body: dict[str, Any] = copy.deepcopy(dict(self.journey))
        known = body.get("params") or {}
        own = {"shop"} if self.links_to_shop else set()
        if unknown := sorted(set(params) - set(known) - own):
            raise JourneyError(
                f"this template has no parameter {unknown[0]}", where=f"params.{unknown[0]}",
                hint=f"it has: {', '.join(known) or 'none'}", code="template-param",
            )  # fmt: skip
        if known:
            body["params"] = {**known, **{name: value for name, value in params.items() if name in known}}
        return body

    @property
    def links_to_shop(self) -> bool:
        """Whether its messages have links, for which `params` may say the address of the shop as `shop`."""
        return any(SHOP in link for body in self.parts.get("message", {}).values() for link in _links(body).values())

    def needed(self, params: Mapping[str, Any]) -> Iterator[tuple[Part, str, dict[str, Any]]]:
        """(kind, name, body) of what it brings, in the order in which they are made."""
        values = {**(self.journey.get("params") or {}), **params}
        shop = _shop(params.get("shop"))
        for kind in PARTS:
            for name, body in self.parts.get(kind, {}).items():
                # Texts of messages are filled in when they are sent: theirs stay.
                yield kind, name, _led(body, shop) if kind == "message" else with_params(body, values)


@cache
def gallery() -> tuple[Template, ...]:
    """All templates that are shipped, in the order of a customer's life."""
    folder = resources.files("onepool.journeys") / "templates"
    files = [one for one in folder.iterdir() if one.name.endswith(".yaml")]
    found = [_template(yaml.safe_load(one.read_text(encoding="utf-8"))) for one in files]
    order = ("acquire", "activate", "retain", "revenue", "refer", "win_back")
    return tuple(sorted(found, key=lambda one: (order.index(one.category), one.name)))


def template(name: str) -> Template:
    """One of the gallery. Raises JourneyError."""
    found = next((one for one in gallery() if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in gallery())
        raise JourneyError("there is no such template", where=name, hint=f"there are: {known}", code="template-unknown")
    return found


def known_with(place: Place, templates: Iterable[Template]) -> Known:
    """What a journey may name, were the parts of these templates there too."""
    bodies: dict[str, dict[str, Mapping[str, Any]]] = {
        kind: {} for kind in ("tag", "segment", "list", "message", "coupon", "journey")
    }
    for one in templates:
        for kind, name, body in one.needed({}):
            bodies[kind][name] = body
    for kept, found in bodies.items():
        found |= {item.name: item.body for item in place.definitions.current(kept)}
    return known_of(place.standard(), bodies, place.touchpoints().values())


def instantiate(
    place: Place,
    clock: Clock,
    name: str,
    journey: str,
    *,
    author: str,
    title: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Definition:
    """Make a draft of a template, and what it needs and is not there. Raises JourneyError: unknown, name taken."""
    found = template(name)
    if place.definitions.get(KIND, journey) is not None:
        raise JourneyError("there is a journey with this name", where="journey", code="journey-exists")
    body = {**_unsalted(found.filled(params or {})), "journey": journey, "name": dict(title or found.title)}
    reason = f"template {name}"
    for kind, part, made in found.needed(params or {}):
        if place.definitions.get(kind, part) is None:
            saved = place.save(kind, part, made, author=author, reason=reason)
            audit.record(place.state, clock, author, "definition.save", f"{kind}:{part}", {"version": saved.version})
    saved = place.save(KIND, journey, body, author=author, reason=reason)
    detail: dict[str, Any] = {"version": saved.version, "template": name}
    audit.record(place.state, clock, author, "definition.save", f"{KIND}:{journey}", detail)
    return saved


def _unsalted(journey: dict[str, Any]) -> dict[str, Any]:
    """Without the template's salts: journeys made of it leave out, and split, customers by names of their own."""
    for one in (journey.get("experiment"), *journey["nodes"].values()):
        if one:
            one.pop("salt", None)
    return journey


def _links(body: Mapping[str, Any]) -> Mapping[str, str]:
    return cast("Mapping[str, str]", body.get("links") or {})


def _shop(given: object) -> str:
    """The shop's address without a slash at its end. Raises JourneyError for anything else than an https address."""
    if given is None or given == "":
        return SHOP
    text = str(given)
    try:
        found = urlsplit(text)
        good = found.scheme == "https" and found.hostname and (found.port is None or found.port > 0)
    except ValueError:  # of brackets and ports
        good = False
    plain = _PLAIN.fullmatch(text) is not None and "@" not in found.netloc if good else False
    if not plain or found.query or found.fragment:
        raise JourneyError(
            "an address such as https://host/path is wanted", where="params.shop", code="template-param",
            hint="give the shop's address, such as https://shop.brand.cn",
        )  # fmt: skip
    return f"https://{found.netloc}{found.path}".rstrip("/")


def _led(body: Mapping[str, Any], shop: str) -> dict[str, Any]:
    """A message whose links lead to the shop."""
    found: dict[str, Any] = copy.deepcopy(dict(body))
    if links := _links(body):
        found["links"] = {name: link.replace(SHOP, shop) for name, link in links.items()}
    return found


def _template(data: Mapping[str, Any]) -> Template:
    params = tuple(Param(one["name"], one["title"], one["kind"], one.get("help")) for one in data.get("params") or [])
    parts: dict[Part, dict[str, Mapping[str, Any]]] = {
        kind: {str(body[kind]): cast("dict[str, Any]", plain_data(body)) for body in data.get(f"{kind}s") or []}
        for kind in PARTS
    }
    return Template(
        name=data["template"],
        title=data["title"],
        summary=data["summary"],
        category=data["category"],
        journey=cast("dict[str, Any]", plain_data(data["journey"])),
        params=params,
        parts=parts,
    )
