"""Frames of the journal read by JavaScript codecs, a batch of them at a time."""

from collections.abc import Sequence

from domain.codec_scripts import ScriptedModels, ScriptFrame
from domain.uplinks import Decoded

# So few that even a slow codec gets through them in the time that a batch has.
_BATCH = 500


async def read_scripted(scripts: ScriptedModels, frames: Sequence[ScriptFrame]) -> list[Decoded | Exception]:
    """What each means, or the ScriptError that says why it means nothing."""
    told: list[Decoded | Exception] = []
    for first in range(0, len(frames), _BATCH):
        told += await scripts.decode(frames[first : first + _BATCH])
    return told
