import pytest

from domain.availability import Availability, availability
from domain.states import Counts


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        (Counts(free=12, occupied=28), Availability.SPACES),
        (Counts(free=4, occupied=36), Availability.ALMOST_FULL),
        (Counts(free=5, occupied=35), Availability.SPACES),
        (Counts(free=1, occupied=2), Availability.ALMOST_FULL),
        (Counts(free=1), Availability.SPACES),
        (Counts(occupied=40), Availability.FULL),
        (Counts(occupied=38, unknown=2), Availability.FULL),
        (Counts(occupied=10, closed=30), Availability.FULL),
        (Counts(free=3, occupied=5, unknown=32), Availability.UNKNOWN),
        (Counts(free=8, unknown=2), Availability.SPACES),
        (Counts(free=7, unknown=3), Availability.UNKNOWN),
        (Counts(unknown=40), Availability.UNKNOWN),
        (Counts(unknown=1, closed=39), Availability.UNKNOWN),
        (Counts(closed=40), Availability.CLOSED),
        (Counts(), Availability.UNKNOWN),
    ],
)
def test_counts_have_one_of_five_words(counts, word):
    assert availability(counts) is word


def test_silence_and_closure_are_never_called_full():
    for free, occupied, unknown, closed in [(0, 0, 9, 0), (0, 0, 0, 9), (0, 0, 4, 5)]:
        counts = Counts(free=free, occupied=occupied, unknown=unknown, closed=closed)
        assert availability(counts) is not Availability.FULL
