"""The running borough: everything that its devices transmit, in order of time, and what is true meanwhile."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from devices.octets import Encoded
from domain.codec_scripts import CodecDraft
from domain.ids import AssetId
from domain.places import Asset, AssetKind, Closure, Device, Places
from domain.places_file import OWN_MODELS
from domain.states import State
from simulators.behaviour import Report, reports
from simulators.chirpstack import LoraDevice
from simulators.clock import SimClock
from simulators.own_device import OwnDevice
from simulators.readings import BatterySensor, Sensor, SolarBench
from simulators.spells import Spell, is_closed, spells
from simulators.transmission import Radio, Transmission
from simulators.voices import Voice, tapes_of, voice_of

_SIMULATED = (AssetKind.BAY, AssetKind.BENCH)


class Borough:
    """The devices of a places file from `begins_at` on. The same places, seed and beginning repeat every byte.

    A stream that is read once: `history` reads up to a time, `live` goes on from there.
    """

    def __init__(self, places: Places, *, seed: int, begins_at: datetime, drafts: Iterable[CodecDraft] = ()) -> None:
        """`drafts` are JavaScript codecs, whose devices play their examples.

        Raises: UnknownModelError, CommandError.
        """
        tapes = tapes_of(drafts)
        self._seed = seed
        self._begins_at = begins_at
        self._closures: dict[AssetId, list[Closure]] = {asset.asset_id: [] for asset in places.assets}
        for closure in places.closures:
            self._closures[closure.asset_id].append(closure)
        # Counters of areas and at gates are not simulated.
        self._assets = {asset.asset_id: asset for asset in places.assets if asset.kind in _SIMULATED}
        installed = {device.asset_id: device for device in places.devices if device.asset_id in self._assets}
        self._devices = {str(device.device_id): device for device in installed.values()}
        voices = {device.device_id: voice_of(device.model, tapes) for device in installed.values()}
        self._radios = {key: self._radio(device, voices[device.device_id]) for key, device in installed.items()}
        self._heartbeats = {device_id: voice.heartbeat for device_id, voice in voices.items()}
        streams = [self._reports(self._assets[asset_id], device) for asset_id, device in installed.items()]
        self._stream = heapq.merge(*streams, key=lambda report: (report.at, report.asset.asset_id))
        self._next = next(self._stream)

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
        return LoraDevice(device, voice, seed=self._seed, begins_at=self._begins_at)

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
