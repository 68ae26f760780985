"""The audience room: conditions, segments, tags."""
