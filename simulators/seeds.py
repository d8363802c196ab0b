"""Where all randomness of the simulators comes from."""

from random import Random


def seeded(*names: object) -> Random:
    """A generator of its own for each name, so that no order of evaluation changes what it draws."""
    return Random("/".join(map(str, names)))  # noqa: S311 - a simulation must repeat itself
