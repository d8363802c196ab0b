"""The running borough: everything that its devices transmit, in order of time, and what is true meanwhile."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from devices.octets import Encoded
from domain.codec_scripts import CodecDraft
from domain.errors import CommandError
from domain.ids import AssetId
from domain.places import Asset, AssetKind, Closure, Device, Places
from domain.places_file import OWN_MODELS
from domain.states import State
from simulators.behaviour import Report, reports
from simulators.chirpstack import LoraDevice
from simulators.clock import SimClock
from simulators.own_device import OwnDevice
from simulators.passages import CountedArea, GateCounter, counted_areas, gate_reports
from simulators.readings import BatterySensor, Sensor, SolarBench
from simulators.spells import Spell, is_closed, spells
from simulators.transmission import Radio, Transmission
from simulators.voices import Voice, tapes_of, voice_of

_SIMULATED = (AssetKind.BAY, AssetKind.BENCH)


class Borough:
    """The devices of a places file from `begins_at` on. The same places, seed and beginning repeat every byte.

    A stream that is read once: `history` reads up to a time, `live` goes on from there. Areas are counted at their
    gates; those with a counter of their own are not simulated.
    """

    def __init__(
        self,
        places: Places,
        *,
        seed: int,
        begins_at: datetime,
        drafts: Iterable[CodecDraft] = (),
        missed_passages: float = 0.0,
    ) -> None:
        """`drafts` are JavaScript codecs, whose devices play their examples; gates miss that share of who passes.

        Raises: UnknownModelError, CommandError.
        """
        tapes = tapes_of(drafts)
        self._seed = seed
        self._begins_at = begins_at
        self._closures: dict[AssetId, list[Closure]] = {
            asset.asset_id: [closure for closure in places.closures if closure.closes(asset)] for asset in places.assets
        }
        self._assets = {asset.asset_id: asset for asset in places.assets if asset.kind in _SIMULATED}
        self._counted = list(counted_areas(_without_counters(places), self._closures, seed=seed, begins_at=begins_at))
        gates = {gate.asset_id: (counted, gate) for counted in self._counted for gate in counted.gates}
        speaking = self._assets.keys() | gates.keys()
        installed = {device.asset_id: device for device in places.devices if device.asset_id in speaking}
        self._devices = {str(device.device_id): device for device in installed.values()}
        voices = {device.device_id: voice_of(device.model, tapes) for device in installed.values()}
        self._radios = {key: self._radio(device, voices[device.device_id]) for key, device in installed.items()}
        self._heartbeats = {device_id: voice.heartbeat for device_id, voice in voices.items()}
        streams = [
            self._passed(*gates[asset_id], device, missed_passages)
            if asset_id in gates
            else self._reports(self._assets[asset_id], device)
            for asset_id, device in installed.items()
        ]
        self._stream = heapq.merge(*streams, key=lambda report: (report.at, report.asset.asset_id))
        first = next(self._stream, None)
        if first is None:
            raise CommandError("nothing in these places can be simulated: no bay, bench or gate there has a device")
        self._next = first

    def history(self, *, until: datetime) -> Iterator[Transmission]:
        """What is transmitted before `until`, stamped with simulated time."""
        while self._next.at < until:
            yield self._transmit(self._next.at)

    def live(self, clock: SimClock) -> Iterator[Transmission]:
        """All that follows, without end, stamped with the time on the wall at which it happens."""
        while True:
            yield self._transmit(clock.wall(self._next.at))

    def truth(self, at: datetime) -> dict[AssetId, State]:
        """What is true of every asset at a simulated time, worked out anew from the beginning."""
        return {asset_id: self._state(asset, at) for asset_id, asset in self._assets.items()}

    def taken(self, at: datetime) -> dict[AssetId, int]:
        """How many are in each area that is counted at its gates at a simulated time, worked out likewise."""
        return {counted.area.asset_id: counted.taken(at) for counted in self._counted}

    def device(self, device_id: str) -> Device | None:
        """A device by its id."""
        return self._devices.get(device_id)

    def frame(self, device: Device, encoded: Encoded, at: datetime) -> Transmission | None:
        """A frame that a LoRaWAN device sends beside what it reports; None from a device of another kind."""
        radio = self._radios[device.asset_id] if device.asset_id else None
        return radio.send(encoded, at) if isinstance(radio, LoraDevice) else None

    def _transmit(self, at: datetime) -> Transmission:
        report, self._next = self._next, next(self._stream)
        return self._radios[report.asset.asset_id].transmit(report, at)

    def _state(self, asset: Asset, at: datetime) -> State:
        if is_closed(self._closures[asset.asset_id], at):
            return State.CLOSED
        spell = next(spell for spell in self._spells(asset) if at < spell.ends_at)
        return State.OCCUPIED if spell.occupied else State.FREE

    def _spells(self, asset: Asset) -> Iterator[Spell]:
        closures = self._closures[asset.asset_id]
        return spells(asset, closures, seed=self._seed, begins_at=self._begins_at)

    def _radio(self, device: Device, voice: Voice) -> Radio:
        if device.model in OWN_MODELS:
            return OwnDevice(device, seed=self._seed, begins_at=self._begins_at)
        if device.asset_id not in self._assets:
            # Gateways there know the time: totals in another order than they were counted look like those of a reset.
            return LoraDevice(device, voice, seed=self._seed, begins_at=self._begins_at, timed=1.0)
        return LoraDevice(device, voice, seed=self._seed, begins_at=self._begins_at)

    def _passed(self, counted: CountedArea, gate: Asset, device: Device, missed: float) -> Iterator[Report]:
        counter = GateCounter(gate, missed=missed, seed=self._seed)
        return gate_reports(counted, gate, counter, heartbeat=self._heartbeats[device.device_id])

    def _reports(self, asset: Asset, device: Device) -> Iterator[Report]:
        solar = asset.kind is AssetKind.BENCH and device.model in OWN_MODELS
        hardware = SolarBench if solar else BatterySensor
        sensor: Sensor = hardware(asset, seed=self._seed, begins_at=self._begins_at)
        return reports(
            asset,
            self._spells(asset),
            sensor,
            heartbeat=self._heartbeats[device.device_id],
            seed=self._seed,
            begins_at=self._begins_at,
        )


def _without_counters(places: Places) -> list[Asset]:
    """The places, without areas that have a counter of their own: what that says counts, whoever passes."""
    with_device = {device.asset_id for device in places.devices}
    return [one for one in places.assets if one.kind is not AssetKind.AREA or one.asset_id not in with_device]
