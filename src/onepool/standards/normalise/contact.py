"""Phone numbers and e-mail addresses, and the look-alikes that must never be taken for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import ABSENT, plain


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone number or e-mail address as understood.

    `value`: canonical (E.164, lower-case address), or the text as sent where it can't be one.
    `usable`: it names a person's own line or box; `why` says why not: `masked`, `privacy_number` (an extension, as the
    privacy numbers of marketplaces have), `landline`.
    """

    value: str
    usable: bool = True
    why: str = ""


_MASK = re.compile(r"[*＊•●×]{2,}|(?<=\d)[xX]{3,}(?=\d)|(?<=\d)[xX]{4,}$", re.ASCII)
_PHONE_SHAPE = re.compile(r"[+\d\s()*＊•●×xX.\-]{5,30}", re.ASCII)
_EXTENSION = re.compile(r"(\+?\d[\d\s\-]{6,}\d)\s*(?:[-_,#*;转接]|ext\.?|分机)+\s*(\d{2,6})", re.IGNORECASE | re.ASCII)
_MOBILE_EXTENSION = re.compile(r"(?:\+?86)?1\d{10}[-_,#*;转\s]+\d{2,6}", re.ASCII)


def _mobile_pattern(country: str) -> str:
    """The national pattern of mobile numbers, from the library's own numbering plan."""
    plan = PhoneMetadata.metadata_for_region(country)
    if plan is None or plan.mobile is None or plan.mobile.national_number_pattern is None:
        raise LookupError(f"phonenumbers has no plan of mobile numbers for {country}")
    return plan.mobile.national_number_pattern


_CN_MOBILE: Final = re.compile(rf"(?:\+86|0086|86)?({_mobile_pattern('CN')})", re.ASCII)
_SEPARATORS = re.compile(r"[\s\-().]+")
_PERSONAL_LINES: Final = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER}
)

_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"({_LOCAL})@((?:{_LABEL}\.)+[a-z][a-z0-9\-]{{0,61}}[a-z0-9])")
_MASKED_EMAIL = re.compile(r"[^@\s]*(?:\*|＊|•|●){1,}[^@\s]*@\S+|\S+@\S*(?:\*|＊){2,}\S*")


def phone(value: Any, country: str = "CN") -> Contact | None:
    """A phone number in E.164 (`+8613812345678`).

    Masked numbers (`138****1234`), privacy numbers and landlines come back as they are, `usable` False: they may be
    kept, but never identify. Anything else that is no valid number raises Fault. `country` is that of numbers without
    a country code. Numbering plans: the phonenumbers library.
    """
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Fault("type.phone")
    written = plain(value)
    if country == "CN":
        match = _CN_MOBILE.fullmatch(_SEPARATORS.sub("", written))
        if match is not None:
            return Contact(f"+86{match[1]}")
    if written.lower() in ABSENT:
        return None
    if _PHONE_SHAPE.fullmatch(written) and _MASK.search(written):
        return Contact(written, usable=False, why="masked")
    if _MOBILE_EXTENSION.fullmatch(written):
        return Contact(written, usable=False, why="privacy_number")
    return _parsed(written, country)


def mainland_mobiles(values: pa.Array) -> pa.Array:
    """Mainland mobile numbers in plain digits as `phone` gives them, all at once; null for whatever else is there."""
    bare = pc.replace_substring_regex(values, r"[\s\-().]+", "")
    pattern = rf"^(?:\+86|0086|86)?({_mobile_pattern('CN')})$"
    mobile = pc.replace_substring_regex(bare, pattern, r"+86\1")
    return pc.if_else(pc.match_substring_regex(bare, pattern), mobile, pa.scalar(None, pa.string()))


def _parsed(written: str, country: str) -> Contact:
    extended = _EXTENSION.fullmatch(written)
    for text in (written, f"+{written}") if written.startswith("86") else (written,):
        try:
            number = phonenumbers.parse(text, country)
        except NumberParseException:
            continue
        if not phonenumbers.is_valid_number(number):
            continue
        if number.extension:
            return Contact(written, usable=False, why="privacy_number")
        kind = phonenumbers.number_type(number)
        found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        return Contact(found, kind in _PERSONAL_LINES, "" if kind in _PERSONAL_LINES else "landline")
    if extended is not None:
        return Contact(written, usable=False, why="privacy_number")
    raise Fault("type.phone")


def email(value: Any) -> Contact | None:
    """An e-mail address in lower case, its domain in ASCII. Masked ones come back as they are, `usable` False.

    The local part is lowered too: RFC 5321 lets case matter, no provider in use does. Dots and `+tags` stay.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise Fault("type.email")
    written = plain(value).removeprefix("mailto:")
    if written.lower() in ABSENT:
        return None
    lowered = written.lower()
    if _MASKED_EMAIL.fullmatch(written):
        return Contact(written, usable=False, why="masked")
    if not lowered.isascii():
        local, at, domain = lowered.rpartition("@")
        try:
            lowered = local + at + domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise Fault("type.email") from None
    match = _EMAIL.fullmatch(lowered)
    if match is None or len(match[1]) > 64 or len(lowered) > 254:
        raise Fault("type.email")
    return Contact(lowered)
