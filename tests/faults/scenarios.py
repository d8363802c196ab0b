"""All rows of the fault matrix that are asked here."""

from tests.faults import broker_faults, data_faults, database_faults, ingest_faults
from tests.faults.campaign import Scenario

SCENARIOS: list[Scenario] = sorted(
    [
        *broker_faults.SCENARIOS,
        *ingest_faults.SCENARIOS,
        *database_faults.SCENARIOS,
        *data_faults.SCENARIOS,
    ],
    key=lambda scenario: int(scenario.key[1:]),
)
