"""How much a codec may use."""

from dataclasses import dataclass

MIB = 1024 * 1024
MOST_SOURCE_LETTERS = 256 * 1024
MOST_SOURCE_LINES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For one call, unless it says otherwise.

    `call_s` is processor time, after which the engine interrupts a script; a few of the engine's own loops cannot be
    interrupted, and then the process ends after `wall_s` by the clock. `batch_s` is for all calls of one `run`: less
    than the 5 s after which ingest counts as stuck.
    """

    call_s: float = 0.1
    load_s: float = 0.5
    wall_s: float = 2.0
    batch_s: float = 4.0
    memory_bytes: int = 16 * MIB
    stack_bytes: int = 256 * 1024
    output_letters: int = 64 * 1024
    output_depth: int = 32
    process_bytes: int = 1024 * MIB
    scripts: int = 64
    strikes: int = 3
    suspended_s: float = 60.0


LIMITS = Limits()
"""Ten thousand times what a usual codec takes (10 microseconds, some 100 KiB)."""
