"""Checks of journeys, one subject a file; `journeys.check` runs them all."""
