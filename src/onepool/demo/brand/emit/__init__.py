"""How each platform says what happened: its own payloads, signed and encrypted as it does it."""
