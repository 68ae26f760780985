"""Collect: every way in. Requests are written to the log first and answered after."""
