"""Generated Chinese people with their accounts, phones, families and mistakes, and the truth about who is who.

``generate`` writes files, ``make_people`` a whole workspace, ``bounds`` says how well anybody could do on it. Design:
docs/how-to/identity-data.md.
"""

from __future__ import annotations

from onepool.demo.people.generate import Generated, Plan, generate
from onepool.demo.people.make import MadePeople, make_people
from onepool.demo.people.rates import TIERS, Rates, Tier, parse_rates, rates_for, read_rates

__all__ = [
    "TIERS",
    "Generated",
    "MadePeople",
    "Plan",
    "Rates",
    "Tier",
    "generate",
    "make_people",
    "parse_rates",
    "rates_for",
    "read_rates",
]
