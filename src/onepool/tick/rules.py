"""The rules of identity in force: the standard, the workspace's own rules, and what its touchpoints' links may do."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from onepool.collect.touchpoint import Touchpoint
from onepool.identity import Registry, Rules, RulesError, parse_rules
from onepool.identity.registry import Likelihood
from onepool.standards import Standard
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

KIND, NAME = "identity", "rules"
"""The definition that holds them."""


class RulesInForce:
    """Looks whether the definition changed, and reads it anew when it did."""

    def __init__(self, workspace: Workspace, standard: Standard, touchpoints: Mapping[str, Touchpoint]) -> None:
        self._ws = workspace
        self._standard = standard
        self._joining = {name: one.joining for name, one in touchpoints.items() if one.joining != "free"}
        self._read: tuple[int, Registry] | None = None

    def registry(self) -> Registry:
        """The rules as they are now; with a definition that can't be used, the ones before."""
        revision = self._ws.definitions.revision()
        if self._read is None or self._read[0] != revision:
            found = self._ws.definitions.get(KIND, NAME)
            try:
                rules = parse_rules(found.body if found else None, self._standard)
            except RulesError as error:
                # Saving refuses such rules; the standard may have changed under them.
                _logger.error("rules of identity can't be used", error=str(error))
                rules = parse_rules(None, self._standard)
            self._read = (revision, self.with_rules(rules))
        return self._read[1]

    def likelihood(self) -> Likelihood:
        """From which probability on pairs that a model finds are joined, or shown to people."""
        found = self._ws.definitions.get(KIND, NAME)
        try:
            return parse_rules(found.body if found else None, self._standard).likelihood
        except RulesError:
            return Likelihood()

    def with_rules(self, rules: Rules) -> Registry:
        """What would be in force with other rules."""
        return Registry.of(self._standard, rules, self._joining)

    @property
    def standard(self) -> Standard:
        return self._standard
