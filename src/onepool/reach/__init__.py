"""Reaching outwards. Destinations: tables of profiles, tags, members and orders, kept true in other systems."""

from onepool.reach.definition import Destination, DestinationError, check, parse
from onepool.reach.runs import Destinations, Outcome, Preview, latest, preview, run

__all__ = [
    "Destination",
    "DestinationError",
    "Destinations",
    "Outcome",
    "Preview",
    "check",
    "latest",
    "parse",
    "preview",
    "run",
]
