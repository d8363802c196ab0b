"""Carries changes out, one after another, and keeps a note of each: what was done can be undone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from domain.ids import DeviceId
from network.changes import (
    Change,
    CreateApplication,
    CreateDevice,
    CreateKeys,
    CreateProfile,
    UpdateDevice,
    is_planned,
    subject,
)
from network.errors import AlreadyThereError, NotThereError
from network.inventory import NetworkDevice
from network.keys_file import RootKeys

Progress = Callable[[int, int], None]
"""Told how many are done, and of how many."""


class Server(Protocol):
    """What carries out one change: gives it back with the ids that the server chose; raises NetworkServerError."""

    def perform(self, change: Change, keys: Mapping[DeviceId, RootKeys]) -> Change:
        """Do it."""


@dataclass(slots=True)
class Outcome:
    """What was done, and a sentence for each change that the server would not have."""

    done: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def carry_out(
    server: Server,
    changes: Sequence[Change],
    *,
    keys: Mapping[DeviceId, RootKeys],
    note: Callable[[Change], None],
    progress: Progress,
) -> Outcome:
    """Each change in turn; `note` hears of one as soon as it is done.

    A device that is refused does not stop the others. A server that is away, slow or forbids us does.

    Raises:
        NetworkServerError: the server is away, slow, or forbids us. What was done until then was noted.
    """
    outcome = Outcome()
    chosen: dict[str, str] = {}
    refused: set[str] = set()
    for number, change in enumerate(changes, start=1):
        try:
            if isinstance(change, CreateKeys) and change.dev_eui in refused:
                # The device there is somebody else's: our keys are not for it.
                continue
            done = server.perform(_with_chosen_ids(change, chosen), keys)
        except (AlreadyThereError, NotThereError) as error:
            refused.add(subject(change))
            outcome.refused.append(f"{subject(change)}: {error}")
        else:
            _remember(change, done, chosen)
            outcome.done.append(done)
            note(done)
        progress(number, len(changes))
    return outcome


def _remember(change: Change, done: Change, chosen: dict[str, str]) -> None:
    match change, done:
        case CreateApplication(asked), CreateApplication(made):
            chosen[asked.application_id] = made.application_id
        case CreateProfile(wanted), CreateProfile(got):
            chosen[wanted.profile_id] = got.profile_id


def _with_chosen_ids(change: Change, chosen: Mapping[str, str]) -> Change:
    match change:
        case CreateDevice(device):
            return CreateDevice(_real(device, chosen))
        case UpdateDevice(before, after):
            return UpdateDevice(before, _real(after, chosen))
        case _:
            return change


def _real(device: NetworkDevice, chosen: Mapping[str, str]) -> NetworkDevice:
    """The device with ids of the server; NotThereError where what it needs was refused."""
    application_id = chosen.get(device.application_id, device.application_id)
    profile_id = chosen.get(device.profile_id, device.profile_id)
    if is_planned(application_id) or is_planned(profile_id):
        raise NotThereError("device", "its application or profile could not be made")
    return replace(device, application_id=application_id, profile_id=profile_id)
