"""What a workspace decides about how input is read."""

from __future__ import annotations

from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec


class StandardSettings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Settings of standardisation; a rebuild must use the same ones.

    `zone`: of times sent without one. `country`: of phone numbers sent without a country code (ISO 3166).
    `currency`: of amounts that are a bare number (ISO 4217); they are kept without currency and compare as this one.
    `digest_key`: secret of at least 16 bytes under which identity card numbers are digested; without it they are
    quarantined. `unknown_events`: whether events that the standard doesn't know are kept. `digests`: types of digested
    identifiers that are told beside every plain value, so that what arrives digested is of the same person;
    `digest_salt`: before values of salted ones, without which there are none.
    """

    zone: str = "Asia/Shanghai"
    country: str = "CN"
    currency: str = "CNY"
    unknown_events: Literal["keep", "refuse"] = "keep"
    digest_key: bytes = b""
    digests: tuple[str, ...] = ()
    digest_salt: bytes = b""
    future_hours: int = 24

    @cached_property
    def time_zone(self) -> ZoneInfo:
        """The zone as an object."""
        return ZoneInfo(self.zone)
