"""Regression cases: back-tests that are kept with what came out of them, and carried out again when a journey changes.

A case is a definition (kind `case`, folder `cases/`): it has versions, goes through `plan`, `apply` and `export`, and
is named `<journey>.<what it shows>`. `running` carries cases out.
"""

from onepool.journeys.cases.model import KIND, Case, CaseError, Expected, parse_case

__all__ = ["KIND", "Case", "CaseError", "Expected", "parse_case"]
