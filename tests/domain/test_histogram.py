from hypothesis import given
from hypothesis import strategies as st

from domain.histogram import Histogram

BOUNDS = (0.5, 1.0, 10.0)
values = st.lists(st.floats(-5, 50) | st.sampled_from(BOUNDS))


@given(st.lists(values))
def test_a_bucket_has_what_is_at_most_so_large(batches):
    histogram = Histogram(BOUNDS)
    for batch in batches:
        histogram.observe(batch)
    together = [value for batch in batches for value in batch]

    expected = [(str(bound), sum(value <= bound for value in together)) for bound in BOUNDS]
    assert histogram.buckets == [*expected, ("+Inf", len(together))]
    assert abs(histogram.sum - sum(together)) < 1e-6
