"""Values as they stand in a file to identifiers, by the data standard: most as sets, the rest once for each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.lists.definition import CUSTOMER
from onepool.audience.lists.errors import ListError
from onepool.standards import Standard, StandardSettings
from onepool.standards.faults import Fault
from onepool.standards.model import IdentifierType, Scope
from onepool.standards.normalise.contact import mainland_mobiles
from onepool.standards.persons import Unusable, Values

_PLAIN_ID: Final = r"^[A-Za-z0-9_-]{1,120}$"
_ID_CARD_LENGTH: Final = 18
_WHY: Final = {
    "masked": ("脱敏号码不能识别任何人", "masked, so it names nobody"),
    "privacy_number": ("隐私号不能识别任何人", "a privacy number names nobody"),
    "landline": ("固定电话不用于识别", "a landline names nobody"),
    "blocked": ("该值已被屏蔽，不代表任何人", "this value is blocked: it names nobody"),
    "id_card": ("未配置摘要密钥，不能接收身份证号", "ID card numbers are only taken when a digest key is set"),
    "empty": ("没有值", "nothing there"),
    "customer": ("不是客户编号", "not a customer's number"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """What entries of a list are: an identifier type with its scope, or numbers of customers (`customer`)."""

    type: str
    scope: str


@dataclass(frozen=True, slots=True)
class Normalised:
    """`values`: each value of the input in its canonical form, null where it was refused; `why`: the reason then."""

    values: pa.StringArray
    why: pa.StringArray


def named(text: str, standard: Standard, scopes: list[str]) -> Named:
    """`phone`, `openid@wx1`, `customer` as the sender writes it. `scopes`: those known of the type in the pool.

    Raises:
        ListError: no such type, one that names nobody, or a scope that has to be said.
    """
    name, _, scope = text.partition("@")
    if name == CUSTOMER:
        return Named(CUSTOMER, "")
    kind = standard.identifier_named(name)
    if kind is None:
        known = ", ".join(sorted(standard.identifier_types))
        raise ListError(f"there is no identifier type {name}", where="type", code="list-type", hint=f"known: {known}")
    if kind.strength.value == "never":
        raise ListError(f"{kind.name} names nobody, so no list can be made of it", where="type", code="list-type")
    if kind.scope is Scope.NONE:
        return Named(kind.name, "")
    if scope:
        return Named(kind.name, scope)
    if len(scopes) == 1:
        return Named(kind.name, scopes[0])
    told = f"write {kind.name}@SCOPE" + (f"; known scopes: {', '.join(sorted(scopes)[:20])}" if scopes else "")
    raise ListError(f"{kind.name} is only unique within a scope", where="type", code="list-scope", hint=told)


def normalise(values: pa.StringArray, kind: Named, standard: Standard, settings: StandardSettings) -> Normalised:
    """Bring values into the form in which identifiers are kept.

    Mainland mobile numbers and plain ids are settled as sets; whatever is written otherwise goes through the
    standard's own normaliser, once for each different text.
    """
    if kind.type == CUSTOMER:
        fits = pc.match_substring_regex(values, r"^[0-9]{1,18}$")
        plain = pc.replace_substring_regex(values, r"^0+(\d)", r"\1")
        return Normalised(_only(plain, fits), _only(pa.repeat(_said("customer"), len(values)), pc.invert(fits)))
    rule = standard.identifier_types[kind.type]
    found = _as_set(values, rule, standard, settings)
    left = pc.is_null(found)
    rest = values.filter(left)
    if len(rest) == 0:
        return Normalised(found, pa.nulls(len(values), pa.string()))
    encoded = rest.dictionary_encode()
    good, why = _one_by_one(encoded.dictionary.to_pylist(), rule, standard, settings)
    at = encoded.indices
    mended = pc.replace_with_mask(found, left, good.take(at))
    said = pc.replace_with_mask(pa.nulls(len(values), pa.string()), left, why.take(at))
    return Normalised(mended, said)


def _as_set(values: pa.StringArray, rule: IdentifierType, standard: Standard, settings: StandardSettings) -> pa.Array:
    """What plain values are, null for those that need a closer look."""
    nothing = pa.nulls(len(values), pa.string())
    if rule.normaliser == "phone" and settings.country == "CN":
        found = mainland_mobiles(values)
    elif rule.normaliser == "opaque" and not rule.never:
        # One of this length may be an identity card's number, which is never kept as it is.
        plain = pc.match_substring_regex(values, _PLAIN_ID)
        found = _only(values, pc.and_(plain, pc.not_equal(pc.utf8_length(values), _ID_CARD_LENGTH)))
    else:
        return nothing
    blocked = pa.array(sorted(standard.blocked | {one.casefold() for one in rule.blocked}), pa.string())
    return _only(found, pc.invert(pc.is_in(pc.utf8_lower(found), value_set=blocked)))


def _one_by_one(
    texts: list[str], rule: IdentifierType, standard: Standard, settings: StandardSettings
) -> tuple[pa.StringArray, pa.StringArray]:
    known = Values(rule, standard, settings)
    good: list[str | None] = []
    why: list[str | None] = []
    for text in texts:
        found = known[text]
        good.append(found if isinstance(found, str) else None)
        if isinstance(found, Fault):
            why.append(found.message(rule.name))
        else:
            why.append(_said(found.why) if isinstance(found, Unusable) else None)
    return pa.array(good, pa.string()), pa.array(why, pa.string())


def _said(why: str) -> str:
    return " / ".join(_WHY.get(why, (why, why)))


def _only(values: pa.Array, where: pa.Array) -> pa.Array:
    return pc.if_else(where, values, pa.scalar(None, pa.string()))
