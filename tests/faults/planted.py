"""Faults that are planted in the real platform: a suite that finds nothing proves nothing."""

from tests.faults.campaign import Injection
from tests.faults.scenarios import SCENARIOS
from tests.faults.world import NATS

_PLANTED = {
    "acknowledge-first": "database-away-while-ingest-is-killed",
    "no-dedupe": "every-frame-ten-times",
    "no-guard": "out-of-order",
    "hasty-verdict": "ingest-killed-while-it-reads",
}
"""What is wrong with the platform, and the scenario in which that shows."""


def planted(seed: int) -> list[Injection]:
    """One injection for each of them."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    return [Injection(by_name[name], NATS, seed, tampered) for tampered, name in _PLANTED.items()]
