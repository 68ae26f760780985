"""Generated Chinese people with their accounts, phones, families and mistakes, and the truth about who is who.

``generate.generate`` writes files, ``make.make_people`` a whole workspace, ``oracle.bounds`` says how well anybody
could do on it. What is generated and what the files hold: docs/how-to/identity-data.md.
"""

from __future__ import annotations

from onepool.demo.people.plan import Plan
from onepool.demo.people.rates import TIERS, Rates, Tier, parse_rates, rates_for, read_rates

__all__ = ["TIERS", "Plan", "Rates", "Tier", "parse_rates", "rates_for", "read_rates"]
