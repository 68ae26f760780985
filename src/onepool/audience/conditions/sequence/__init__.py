"""Sequences: steps that happen, or fail to happen, in order."""
