"""Every promise of identity is put to the test by a machine, which counts how often, in random histories."""

from __future__ import annotations

from tests.identity import test_promises

PROMISES = {f"P{number}" for number in range(1, 21)}
ELSEWHERE = {
    "P12": "tests/tick/test_identity_killed",
    "P14": "tests/identity/test_twin_invariants",
    "P19": "tests/identity/test_forms, test_digests",
    "P20": "tests/identity/matching/test_monotone",
}
STEPS = 10_000


def test_the_machine_puts_every_promise_to_the_test() -> None:
    """It asserts at its end that it took its steps and how often it saw each of its promises kept."""
    assert test_promises.LEAST.keys() | ELSEWHERE.keys() == PROMISES
    assert test_promises.STEPS >= STEPS
    assert min(test_promises.LEAST.values()) > 0
