from datetime import UTC, datetime, timedelta

import pytest

from domain.readiness import Finding, Memory, WorkerReport, of_workers, red

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report(name="one", **changes):
    values = {"said_at": NOON, "subscribed": True, "canary_late": False, "spool_fill": 0.0}
    return WorkerReport(worker=name, **{**values, **changes})


def test_since_is_when_it_changed_and_not_when_it_was_looked_at():
    memory = Memory()

    def since(minute, *, ok):
        at = NOON + timedelta(minutes=minute)
        (check,) = memory.checks([Finding(name="spool", ok=ok, detail=f"{minute}")], now=at)
        assert check.detail == f"{minute}"
        return (check.since - NOON).total_seconds() / 60

    assert [since(0, ok=True), since(1, ok=True), since(2, ok=False), since(5, ok=False)] == [0, 0, 2, 2]
    assert since(6, ok=True) == 6


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"subscribed": False}, ["subscribed"]),
        ({"canary_late": True}, ["canary"]),
        ({"spool_fill": 0.5}, []),
        ({"spool_fill": 0.51}, ["spool"]),
    ],
)
def test_one_worker_that_is_not_well_is_enough(changes, expected):
    found = Memory().checks(of_workers([report(), report("two", **changes)]), now=NOON)

    assert [check.name for check in red(found)] == expected
    assert [check.name for check in found] == ["subscribed", "spool", "canary"]


def test_of_nobody_nothing_is_said():
    assert list(of_workers([])) == []
