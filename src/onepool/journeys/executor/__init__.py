"""The executor of journeys: whole columns of runs at a time, decided at one instant (see `ports` for its meaning)."""
