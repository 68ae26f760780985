"""Why a customer did or did not get what a journey sends: every decision in order, in words."""
