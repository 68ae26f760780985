"""Real tracking clients, unmodified, and what they are expected to deliver.

``drive`` runs them against any server (``DRIVERS``), ``server`` starts a collector on its own.
"""
