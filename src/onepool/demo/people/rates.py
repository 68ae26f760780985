"""Every rate of the generator: what people own, how often things go wrong, and the tiers that scale the trouble."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from onepool.errors import UsageError

Tier = Literal["easy", "medium", "hard"]
TIERS: dict[Tier, float] = {"easy": 0.5, "medium": 1.0, "hard": 2.0}

JITTER = 0.3
"""Rates of a sealed population are the tier's times 1 ± this, each drawn from the sealed seed."""

_MOST = 0.97
"""No probability grows beyond this, whatever tier and jitter say."""


def _owns(default: float, help: str) -> Any:
    return field(default=default, metadata={"kind": "owns", "help": help})


def _trouble(default: float, help: str) -> Any:
    return field(default=default, metadata={"kind": "trouble", "help": help})


def _count(default: float, help: str) -> Any:
    return field(default=default, metadata={"kind": "count", "help": help})


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities unless said otherwise. ``trouble`` grows with the tier; ``owns`` and ``count`` do not."""

    # what a person has
    second_phone: float = _owns(0.15, "a second number at the same time (1.15 phones a person)")
    email: float = _owns(0.5, "an e-mail address that is told to the brand")
    unionid: float = _owns(0.85, "a WeChat account that met the brand, with 1-4 openids")
    wecom: float = _owns(0.3, "of those on WeChat: a WeCom contact")
    member_card: float = _owns(0.5, "of those in the mini program: the programme's member card")
    taobao: float = _owns(0.5, "a Taobao account that bought in 1-5 of the brand's shops")
    omid: float = _owns(0.5, "of those on Taobao: joined the membership across shops")
    jd: float = _owns(0.3, "a JD account")
    youzan: float = _owns(0.2, "a Youzan account")
    douyin: float = _owns(0.25, "a Douyin account")
    web: float = _owns(0.4, "an account of the brand's site and app")
    crm: float = _count(1.13, "stores' CRM records of a person, before duplicates (1.3 with them)")
    devices: float = _count(2.2, "devices of a person")
    activity: float = _count(1.2, "further events of an account, besides the one that opens it")
    # life
    phone_change: float = _trouble(0.12, "changes of a number, a year")
    phone_reissued: float = _trouble(0.4, "abandoned numbers given to another person of the population")
    moved: float = _trouble(0.07, "households that move, a year")
    device_reset: float = _trouble(0.3, "resets of a device, a year")
    device_handed_on: float = _trouble(0.1, "of the resets: the device is handed on unreset to somebody else")
    twin: float = _trouble(0.08, "persons with somebody of exactly their name in their city")
    crm_duplicate: float = _trouble(0.15, "CRM records that exist twice in their store")
    # sharing
    family_phone: float = _trouble(0.04, "phones that a second member of the family gives as the own")
    family_phone_used: float = _owns(0.6, "how often that second member gives the shared phone where one is typed")
    family_device: float = _trouble(0.06, "devices that a second member of the family uses")
    kiosk_device: float = _trouble(0.0005, "devices that are a store's kiosk, with 50-5,000 persons")
    staff_phone: float = _trouble(0.0002, "phones of staff that stand in for many members' own")
    staff_members: float = _count(60, "members behind one staff phone, on average")
    placeholder: float = _trouble(0.005, "typed phones and e-mails that are a placeholder (13800138000, a@a.com)")
    landline: float = _trouble(0.01, "typed phones that are the household's landline")
    # records
    receiver_other: float = _trouble(0.18, "marketplace orders whose receiver is another person")
    virtual_number: float = _trouble(0.35, "marketplace records with a virtual number")
    masked: float = _trouble(0.4, "marketplace records with masked name and phone")
    unionid_missing: float = _trouble(0.15, "WeChat records from before the open platform was bound: without unionid")
    missing: float = _trouble(0.1, "fields left empty at random, on top of what each source does not have")
    quick: float = _owns(0.2, "registrations by a phone proved by SMS alone, without a name")
    # errors in what is typed
    homophone: float = _trouble(0.012, "a character of the name replaced by one of the same sound")
    similar_shape: float = _trouble(0.004, "a character of the name replaced by one of similar shape")
    pinyin: float = _trouble(0.03, "the name in pinyin")
    dropped: float = _trouble(0.005, "a character of the name dropped")
    title: float = _trouble(0.06, "a title instead of the given name")
    traditional: float = _trouble(0.005, "the name in traditional characters")
    phone_digit: float = _trouble(0.006, "one digit of a typed phone wrong")
    phone_swapped: float = _trouble(0.002, "two neighbouring digits of a typed phone swapped")
    address_short: float = _trouble(0.3, "the address abbreviated")
    level_omitted: float = _trouble(0.25, "a level of the address omitted")
    compound_alias: float = _trouble(0.1, "the residential compound under another name")
    # consent
    consent: float = _owns(0.6, "accounts that say yes when they are opened")
    consent_withdrawn: float = _trouble(0.03, "accounts that take it back, a year")

    def as_dict(self) -> dict[str, float]:
        """By name, rounded to six digits."""
        return {name: round(value, 6) for name, value in dataclasses.asdict(self).items()}


def rates_for(
    tier: Tier, overrides: Mapping[str, float] | None = None, *, seed: int = 0, sealed: bool = False
) -> Rates:
    """The rates of a tier. What is overridden is taken as it stands, but for the jitter of a sealed population.

    Raises UsageError for a name that is none or a value out of range.
    """
    given = dict(overrides or {})
    known = {one.name: one for one in dataclasses.fields(Rates)}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"no rate {name!r}", hint=f"known: {', '.join(known)}")
        if value < 0 or (known[name].metadata["kind"] != "count" and value > 1):
            raise UsageError(f"rate {name}: {value} is no probability", hint="a number from 0 to 1")
    chance = np.random.default_rng([seed, 0x5EA1ED])
    values: dict[str, float] = {}
    for name, one in known.items():
        kind = one.metadata["kind"]
        value = float(given.get(name, float(str(one.default)) * (TIERS[tier] if kind == "trouble" else 1.0)))
        # Drawn for every rate, so that an override does not change the others.
        factor = 1 + JITTER * (2 * chance.random() - 1)
        if sealed:
            value *= factor
        values[name] = value if kind == "count" or (name in given and not sealed) else min(value, _MOST)
    told = values["masked"] + values["virtual_number"]
    if told > _MOST:  # they exclude each other
        values["masked"] *= _MOST / told
        values["virtual_number"] *= _MOST / told
    return Rates(**values)


def read_rates(file: Path) -> dict[str, float]:
    """Rates by name from a YAML file. Raises UsageError."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"not readable: {error}", where=str(file)) from error
    rates = found.get("rates", found) if isinstance(found, dict) else None
    if not isinstance(rates, dict):
        raise UsageError("not a mapping of rates", where=str(file))
    return parse_rates([f"{name}={value}" for name, value in rates.items()], where=str(file))


def parse_rates(written: list[str], where: str = "--rate") -> dict[str, float]:
    """``name=value`` as on the command line. Raises UsageError."""
    found: dict[str, float] = {}
    for one in written:
        name, equals, value = one.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise UsageError(f"not a rate: {one!r}", where=where, hint="write name=value, like twin=0.1") from None
        if not equals:
            raise UsageError(f"not a rate: {one!r}", where=where, hint="write name=value, like twin=0.1")
    return found
