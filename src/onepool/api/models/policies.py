"""The contact policy: quiet hours, caps, control group, days of rest."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from onepool.api.models.common import Finding, Instant, JsonObject, Model


class PolicyInput(Model):
    """The policy as it is written (reach/policy_model.py)."""

    definition: JsonObject
    version: int | None = Field(
        None, ge=0, description="The version that was edited (0: what comes with the product); refused if another is."
    )
    reason: str = Field("", max_length=500)


class PolicyDetail(Model):
    """The policy in force."""

    definition: JsonObject
    version: int | None = Field(description="null: what comes with the product, nobody has written one.")
    author: str | None
    changed: Instant | None
    problems: list[Finding]


class PolicyCheck(Model):
    problems: list[Finding]


class Holiday(Model):
    day: date
    name: str


class Holidays(Model):
    """Public holidays of a calendar in a year, those moved by the government included."""

    calendar: str
    year: int
    calendars: list[str] = Field(description="All that there are, as ISO 3166 codes.")
    items: list[Holiday]
