"""Conditions of journeys: counted from a run's entry or its coming to a node, compared with what the run carries."""
