"""Mined tags: models learned from the pool."""
