from datetime import UTC, datetime

import pytest

from devices import catalogue
from domain.places import Places
from simulators.demo import demo_places

BEGINS_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning in winter time."""


@pytest.fixture(scope="session")
def places() -> Places:
    return demo_places(lambda key: catalogue.model(key).silent_after)


@pytest.fixture(scope="session")
def begins_at() -> datetime:
    return BEGINS_AT
