"""The rules of identity: what each type of identifier means, and the limits that hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onepool.errors import OnePoolError
from onepool.identity.arrays import CLOSED, CONSENT, FREE, NEVER, STRONG, WEAK
from onepool.standards import Standard
from onepool.standards.model import IdentifierType, Personal

I64 = npt.NDArray[np.int64]

DAY = 86_400_000_000
"""Microseconds of a day."""

UNKNOWN_PRIORITY = 0
"""Of a type that the standard does not know (any more); it then only follows."""

_CLASSES = {"strong": STRONG, "weak": WEAK, "never": NEVER}
_BASES = {"free": FREE, "consent": CONSENT, "never": CLOSED}


class RulesError(OnePoolError):
    """The rules of identity can't be used as they are written."""

    code = "identity-rules"


class TypeOverride(BaseModel):
    """What a workspace says of an identifier type, in place of the standard."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    strength: Literal["strong", "weak", "never"] | None = Field(default=None, alias="class")
    priority: int | None = Field(default=None, ge=0, le=10_000)
    verified: bool | None = None
    max_per_customer: int | None = Field(default=None, ge=0, le=100_000, description="0: no limit")
    max_customers: int | None = Field(default=None, ge=0, le=100_000, description="0: no limit")
    recycle_days: int | None = Field(default=None, ge=0, le=36_500, description="0: never given to a new owner")
    lifetime_days: int | None = Field(default=None, ge=0, le=36_500, description="0: for ever")


class Likelihood(BaseModel):
    """From which probability on pairs that a model finds are joined, and from which on people are asked."""

    model_config = ConfigDict(extra="forbid")

    join: float = Field(default=0.995, gt=0.5, le=1)
    review: float = Field(default=0.7, gt=0, le=1)
    auto: bool = False


class Rules(BaseModel):
    """The body of the definition `identity: rules`."""

    model_config = ConfigDict(extra="forbid")

    identity: Literal["rules"] = "rules"
    title: dict[str, str] | str | None = None
    types: dict[str, TypeOverride] = {}
    max_identifiers: int = Field(500, ge=2, le=100_000)
    names: Literal["veto", "ignore"] = "veto"
    contacts: Literal["trust", "typed", "proved"] = Field(
        default="typed",
        description="which phones and e-mail addresses join two accounts only if a name agrees as well: none; those "
        "that were typed; all that were not proved",
    )
    likelihood: Likelihood = Field(default_factory=Likelihood)
    consent_purposes: list[str] = Field(
        ["identity", "all"], description="purposes of consent events that let identifiers be joined; none named: all"
    )


def parse_rules(body: Mapping[str, Any] | None, standard: Standard, where: str = "identity rules") -> Rules:
    """Rules from their definition; an empty or missing one stands for the defaults. Raises RulesError."""
    try:
        rules = Rules.model_validate(dict(body or {}))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RulesError(first["msg"], where=f"{where}: {place}", hint="see docs/how-to/identity.md") from error
    for name in rules.types:
        if name not in standard.identifier_types:
            known = ", ".join(sorted(standard.identifier_types))
            raise RulesError(f"there is no identifier type {name}", where=f"{where}: types", hint=f"known: {known}")
    if rules.likelihood.review > rules.likelihood.join:
        raise RulesError("review is above join", where=f"{where}: likelihood", hint="ask people below, join above")
    return rules


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What holds for one type of identifier. Limits are None where there is none; times in days."""

    strength: Literal["strong", "weak", "never"] = "weak"
    priority: int = UNKNOWN_PRIORITY
    verified: bool = False
    account: bool = True
    max_per_customer: int | None = None
    max_customers: int | None = None
    recycle_days: int | None = None
    lifetime_days: int | None = None

    @property
    def bearing(self) -> tuple[bool, bool, int]:
        """The greater, the better an event is kept under it: what is one person's alone comes before what is shared."""
        return self.strength == "strong", self.account, self.priority


@dataclass(frozen=True)
class Registry:
    """The rules in force."""

    types: Mapping[str, TypeRule]
    max_identifiers: int = 500
    names_matter: bool = True
    contacts: str = "typed"
    joining: Mapping[str, str] = field(default_factory=dict)  # touchpoint -> free | consent | never
    purposes: tuple[str, ...] = ("identity", "all")

    @classmethod
    def of(cls, standard: Standard, rules: Rules, joining: Mapping[str, str]) -> Registry:
        """What the standard says, with the workspace's rules over it; `joining` by touchpoint."""
        types = {name: _rule(known, rules.types.get(name)) for name, known in standard.identifier_types.items()}
        return cls(
            types,
            rules.max_identifiers,
            rules.names == "veto",
            rules.contacts,
            dict(joining),
            tuple(sorted(rules.consent_purposes)),
        )

    def to_json(self) -> str:
        """As text, the same for equal rules."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Registry:
        """The rules that `to_json` wrote."""
        body = json.loads(text)
        types = {name: TypeRule(**rule) for name, rule in body.pop("types").items()}
        return cls(types=types, purposes=tuple(body.pop("purposes")), **body)

    def rule(self, kind: str) -> TypeRule:
        return self.types.get(kind, _UNKNOWN)

    def row(self, kind: str) -> I64:
        """The column of `Arrays.types` for a type."""
        rule = self.rule(kind)
        return np.array(
            [
                _CLASSES[rule.strength],
                -1 if rule.max_customers is None else rule.max_customers,
                rule.priority,
                rule.verified,
                (rule.recycle_days or 0) * DAY if rule.strength == "strong" else 0,
                (rule.lifetime_days or 0) * DAY if rule.strength == "weak" else 0,
                not rule.account and not rule.verified,
            ],
            np.int64,
        )

    @property
    def doubted(self) -> int:
        """Which contacts need a name to agree: 0 none, 1 those that were typed, 2 all."""
        return ("trust", "typed", "proved").index(self.contacts)

    def limit(self, kind: str) -> int:
        """Most values of one customer in one scope; 0 for no limit."""
        return self.rule(kind).max_per_customer or 0

    def basis(self, touchpoint: str) -> int:
        return _BASES.get(self.joining.get(touchpoint, "free"), FREE)


_UNKNOWN = TypeRule()


def _rule(known: IdentifierType, own: TypeOverride | None) -> TypeRule:
    own = own or TypeOverride.model_validate({})

    def limit(wanted: int | None, standard: int | None) -> int | None:
        chosen = standard if wanted is None else wanted
        return chosen or None

    return TypeRule(
        strength=own.strength or known.strength.value,
        priority=known.priority if own.priority is None else own.priority,
        verified=known.verified if own.verified is None else own.verified,
        account=known.personal == Personal.PSEUDONYM,
        max_per_customer=limit(own.max_per_customer, known.max_per_customer),
        max_customers=limit(own.max_customers, known.max_customers),
        recycle_days=limit(own.recycle_days, known.recycle_days),
        lifetime_days=limit(own.lifetime_days, known.lifetime_days),
    )


def slot_rank(kind: str, scope: str) -> int:
    """An order of (type, scope) that does not depend on which was seen first."""
    digest = blake2b(f"{kind}\x1f{scope}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
