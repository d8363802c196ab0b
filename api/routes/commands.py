"""Commands to devices for programs: asked for, and what became of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.commands import LONGEST_LIFETIME, Agreement, Command, Commands, CommandState, Setting, settings_of
from domain.errors import UnknownPlaceError
from domain.ids import parse_device_id

_MOST = 1000
_A_DAY_S = 86_400


class CommandIn(BaseModel):
    """What to do. Which commands a device takes depends on its model (docs/devices.md)."""

    command: str = Field(max_length=64, examples=["set-reporting-interval"])
    parameters: dict[str, bool | int | str] = Field(default_factory=dict, max_length=8, examples=[{"seconds": 600}])
    expires_in_s: int = Field(
        default=_A_DAY_S,
        ge=60,
        le=int(LONGEST_LIFETIME.total_seconds()),
        description="After this many seconds a command that the device did not acknowledge is `expired`.",
    )


class CommandOut(BaseModel):
    """A command and what became of it. `expired` means that nobody knows whether the device did it."""

    id: str
    device: str
    command: str
    parameters: dict[str, str]
    f_port: int
    payload_hex: str
    requested_by: str
    requested_at: Time
    expires_at: Time
    state: CommandState
    sent_at: Time | None
    txack_at: Time | None
    ended_at: Time | None
    detail: str

    @classmethod
    def of(cls, command: Command) -> "CommandOut":
        """The wire form."""
        return cls(
            id=str(command.command_id),
            device=command.device_id,
            command=command.name,
            parameters=dict(command.parameters),
            f_port=command.f_port,
            payload_hex=command.payload.hex(),
            requested_by=command.requested_by,
            requested_at=command.requested_at,
            expires_at=command.expires_at,
            state=command.state,
            sent_at=command.sent_at,
            txack_at=command.txack_at,
            ended_at=command.ended_at,
            detail=command.detail,
        )


class SettingOut(BaseModel):
    """What a device should be set to, and what it reports. `agreement` says whether that is the same.

    `not_yet`: it has not reported since it was asked; `never`: its model does not report it; `not_asked`: it reports
    it, and nobody has asked for anything.
    """

    name: str
    desired: dict[str, str] | None
    command_state: CommandState | None
    asked_at: Time | None
    reported: dict[str, str] | None
    reported_at: Time | None
    agreement: Agreement

    @classmethod
    def of(cls, setting: Setting) -> "SettingOut":
        """The wire form."""
        return cls(
            name=setting.name,
            desired=None if setting.desired is None else dict(setting.desired),
            command_state=setting.state,
            asked_at=setting.asked_at,
            reported=None if setting.reported is None else dict(setting.reported),
            reported_at=setting.reported_at,
            agreement=setting.agreement,
        )


class CommandList(BaseModel):
    """The commands of a device, newest first; its settings, as those commands want them and as it reports them."""

    commands: list[CommandOut]
    settings: list[SettingOut]


DeviceIdText = Annotated[str, Path(description="A dev_eui.", examples=["24e124000000000a"])]


def create_router(commands: Commands, scopes_of: ScopesOf) -> APIRouter:
    """Routes under /v1/registry/devices/{device_id}/commands, for keys with the scope `command`."""
    holder: Callable[..., object] = holder_of(Scope.COMMAND, scopes_of)
    router = APIRouter(prefix="/v1/registry/devices/{device_id}/commands", tags=["Commands"])

    @router.get("", summary="The commands of a device", dependencies=[Depends(holder)])
    async def listed(device_id: DeviceIdText, limit: Annotated[int, Query(ge=1, le=_MOST)] = 100) -> CommandList:
        known = parse_device_id(device_id)
        if await commands.known(known) is None:
            raise UnknownPlaceError("device", device_id)
        found = await commands.of_device(known, limit=limit)
        settings = settings_of(found, await commands.telling(known))
        return CommandList(
            commands=[CommandOut.of(command) for command in found],
            settings=[SettingOut.of(setting) for setting in settings],
        )

    @router.post(
        "",
        summary="Command a device",
        status_code=202,
        responses={
            202: {"description": "It is queued."},
            409: {"description": "No network server is set up that takes commands."},
            422: {"description": "The device's model does not take it, or not with these parameters."},
        },
    )
    async def ask(device_id: DeviceIdText, wanted: CommandIn, by: Annotated[str, Depends(holder)]) -> CommandOut:
        if not commands.can_send:
            raise HTTPException(409, "No network server is set up that takes commands: SMARTPLACE_DOWNLINK_TOPIC.")
        command = await commands.request(
            parse_device_id(device_id),
            wanted.command,
            {name: _text(value) for name, value in wanted.parameters.items()},
            by=by,
            lifetime=timedelta(seconds=wanted.expires_in_s),
        )
        return CommandOut.of(command)

    return router


def _text(value: bool | int | str) -> str:  # noqa: FBT001 - JSON has three kinds of values here
    return str(value).lower() if isinstance(value, bool) else str(value)
