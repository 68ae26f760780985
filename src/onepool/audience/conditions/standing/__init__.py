"""How a customer stands: what they consented to, where they can be reached, which lists they are on."""
