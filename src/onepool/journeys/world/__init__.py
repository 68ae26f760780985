"""The executor's world over the pool and the state: what happened, who is who, which runs there are."""
