"""Python's search for cycles of objects, made seldom."""

import gc


def collect_seldom() -> None:
    """Have Python look for cycles among the objects of several batches at a time, and not among what is loaded by now.

    What frames are made of has no cycles and is gone after its batch. By default Python looks through it every 700
    objects, many times in each batch, and through everything alive every so often: a fifth of ingest's CPU.
    """
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)
