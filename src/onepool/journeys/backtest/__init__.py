"""Journeys over the past: the same executor with a virtual clock, virtual state and virtual outbox.

Nothing of it is written to the workspace: runs, messages and coupons are arrays that are thrown away.
"""
