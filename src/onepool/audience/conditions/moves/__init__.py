"""`did: segment_entered`, `did: segment_left`: that somebody came into a segment or left it, as it was decided then."""
