"""Commands in memory, for those who only see their window."""

from datetime import timedelta
from uuid import UUID

from domain.commands import Command, CommandKind, CommandState, Parameter, Telling
from domain.errors import CommandRefusedError, UnknownPlaceError

KINDS = (
    CommandKind(
        name="set-reporting-interval",
        parameters=(Parameter(name="seconds", kind="number", low=60, high=86_400, step=60),),
    ),
    CommandKind(name="reboot", parameters=()),
    CommandKind(name="set-indicator", parameters=(Parameter(name="on", kind="switch"),)),
)


class MemoryCommands:
    """What `domain.commands.Commands` promises: one device, 70b3d5e75e000001; at most ten minutes are taken."""

    def __init__(self, now):
        self.now = now
        self.can_send = True
        self.listed: list[Command] = []
        self.told = Telling()

    async def known(self, device_id):
        return KINDS if device_id == "70b3d5e75e000001" else None

    async def of_device(self, device_id, *, limit):
        return self.listed[:limit]

    async def telling(self, device_id):
        return self.told

    async def request(self, device_id, name, parameters, *, by, lifetime):
        if await self.known(device_id) is None:
            raise UnknownPlaceError("device", device_id)
        if name not in {kind.name for kind in KINDS} or parameters.get("seconds") == "7":
            raise CommandRefusedError("a-model", name, "seconds is not in 60..86400")
        command = self.made(name, parameters, requested_by=by, expires_at=self.now() + lifetime)
        self.listed.insert(0, command)
        return command

    def made(self, name, parameters, **more):
        given = {
            "command_id": UUID(int=len(self.listed) + 1),
            "device_id": "70b3d5e75e000001",
            "name": name,
            "parameters": dict(parameters),
            "f_port": 85,
            "payload": bytes.fromhex("ff10ff"),
            "requested_by": "manager",
            "requested_at": self.now(),
            "expires_at": self.now() + timedelta(days=1),
            "state": CommandState.QUEUED,
        }
        return Command(**(given | more))
