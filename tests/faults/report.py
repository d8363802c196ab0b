"""What a campaign found, as a table for people."""

from collections.abc import Sequence

from tests.faults.campaign import Result

CONFIDENCE = 3
"""The rule of three: after n clean injections the probability of a fault is below 3/n, with 95 % confidence."""
COLUMNS = (
    "injections",
    "offered",
    "acknowledged",
    "missing",
    "duplicate",
    "stowaway",
    "backwards",
    "other",
    "in flight",
)


def table(results: Sequence[Result]) -> list[str]:
    """One line for each fault of the matrix, in its order."""
    keys = sorted({result.injection.scenario.key for result in results}, key=lambda key: int(key[1:]))
    rows = [("fault", *COLUMNS), *(_row(key, [r for r in results if r.injection.scenario.key == key]) for key in keys)]
    rows.append(_row("all", results))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(str(cell).rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _row(key: str, results: Sequence[Result]) -> tuple[object, ...]:
    verdicts = [result.verdict for result in results]
    counted = ("missing", "duplicate", "stowaway", "backwards", "misjudged", "underived", "broken", "lost_in_flight")
    sums = {name: sum(len(getattr(verdict, name)) for verdict in verdicts) for name in counted}
    return (
        key,
        len(results),
        sum(result.offered for result in results),
        sum(result.acknowledged for result in results),
        *(sums[name] for name in counted[:4]),
        sums["misjudged"] + sums["underived"] + sums["broken"] + sum(bool(result.error) for result in results),
        sums["lost_in_flight"],
    )


def summary(results: Sequence[Result], seed: int) -> str:
    """How sure one may be, in one line."""
    clean, n = sum(result.is_clean for result in results), len(results)
    if clean < n:
        return f"{n - clean} of {n} injections found a fault, seed {seed}"
    return (
        f"{n} injections, all clean, seed {seed}: a fault in fewer than {CONFIDENCE / n:.1%} of cases (95 % confidence)"
    )
