"""Conditions as queries over the pool: predicates, one pass per source, named steps."""
