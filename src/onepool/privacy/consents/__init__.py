"""Consent: an append-only ledger of what people said, what follows from it, the texts they were shown, and links to
their own page."""
