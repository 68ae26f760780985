"""Journeys: programmes that take customers from an entry over waits, branches and messages to an end."""
