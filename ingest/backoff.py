"""How long to wait before trying again."""

import random


def backoff_s(attempt: int, *, within: tuple[float, float]) -> float:
    """Seconds before attempt 0, 1, ...: twice as long each time, between `within`, and never the same for everybody.

    Half of it is chance, so that those who were cut off together do not come back together.
    """
    least, most = within
    return random.uniform(0.5, 1) * min(most, least * 2.0 ** min(attempt, 16))  # noqa: S311 - it only spreads
