"""The fault matrix: real servers really broken, and nothing missing, twice, foreign or backwards afterwards."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


def test_nothing_is_lost_doubled_foreign_or_backwards(injection, result):
    if result.unplayable:
        pytest.skip(result.unplayable)
    if not result.is_clean:
        pytest.fail(str(result), pytrace=False)
