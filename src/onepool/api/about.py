"""What the API says of itself."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("onepool")
"""The version of OnePool."""
