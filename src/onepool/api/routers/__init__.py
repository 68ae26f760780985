"""One router per room. Every route names the permission that it needs (`onepool.api.access.Need`)."""
