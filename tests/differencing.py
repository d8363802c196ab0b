"""Somebody who asks everything that may be asked, and subtracts: linear algebra, exact (modulo a large prime)."""

PRIME = (1 << 61) - 1


class Known:
    """Sums of unknowns that somebody was told, and whatever follows from them by adding and subtracting."""

    def __init__(self):
        self._rows = {}

    def _reduced(self, total):
        """What is left of a total, as {unknown: factor}, after everything that is known is taken away."""
        left = {unknown: factor % PRIME for unknown, factor in total.items()}
        done = set()
        while found := sorted(unknown for unknown in left if unknown not in done):
            first = found[0]
            done.add(first)
            row = self._rows.get(first)
            if row is not None:
                factor = left[first]
                for unknown, value in row.items():
                    less = (left.get(unknown, 0) - factor * value) % PRIME
                    if less:
                        left[unknown] = less
                    else:
                        left.pop(unknown, None)
        return left

    def learn(self, unknowns):
        """The sum of these unknowns."""
        left = self._reduced(dict.fromkeys(unknowns, 1))
        if left:
            first = min(left)
            inverse = pow(left[first], -1, PRIME)
            self._rows[first] = {unknown: factor * inverse % PRIME for unknown, factor in left.items()}

    def gives(self, unknowns):
        """Whether the sum of these follows."""
        return not self._reduced(dict.fromkeys(unknowns, 1))
