"""The devices of a run: bays behind ChirpStack and benches of our own contract, and the frames that they send."""

import itertools
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from devices.catalogue import model
from devices.codec import Encoded
from devices.codecs import smartplace_bench
from domain import topics
from domain.places import Device, Places
from domain.places_file import parse_places
from domain.uplinks import Kind
from simulators.chirpstack import APPLICATION_ID, Node, up_event
from tests.faults import poison
from tests.faults.checker import FrameId
from tests.faults.poison import Poison
from tests.faults.publisher import Message

BAYS = tuple(f"70b3d5000000000{number}" for number in range(1, 5))
BENCHES = tuple(f"bench-{number}" for number in range(1, 5))
DEVICES = BAYS + BENCHES
BAY_MODEL = "bosch-tps110"
STEP = timedelta(milliseconds=100)
"""Event time between two frames of a run."""


def places() -> Places:
    """Where they are installed; a sensor counts for a day."""
    bays = ", ".join(f'{{ id = "bay-{d}", lon = 0.325, lat = 51.475, device = "{d}" }}' for d in BAYS)
    benches = ", ".join(f'{{ id = "{d}", lon = 0.36, lat = 51.463, device = "{d}" }}' for d in BENCHES)
    text = f"""
    name = "Fault suite"
    simulated = true
    [[site]]
    id = "yard"
    name = "Yard"
    kind = "car_park"
    locality = "Grays"
    lon = 0.325
    lat = 51.475
    [[site.bays]]
    category = "general"
    model = "{BAY_MODEL}"
    bay = [{bays}]
    [[site]]
    id = "green"
    name = "Green"
    kind = "park"
    locality = "Tilbury"
    lon = 0.36
    lat = 51.463
    [[site.benches]]
    model = "smartplace-bench"
    bench = [{benches}]
    """
    return parse_places(text, source="fault suite", silent_after=lambda _model: timedelta(days=1))


class Fleet:
    """Numbers the frames of one run. All of them are of the past, a step apart, unless a scenario says when."""

    def __init__(self, run: str, chance: Random) -> None:
        self.run = run
        self._chance = chance
        self._seqs: Counter[str] = Counter()
        self._moments = itertools.count()
        self._begins_at = datetime.now(UTC) - timedelta(hours=2)

    def frames(self, count: int) -> Iterator[Message]:
        """Good frames of all devices in turn."""
        for number in range(count):
            yield self.frame(DEVICES[number % len(DEVICES)])

    def frame(self, device: str, *, observed_at: datetime | None = None, pad_bytes: int = 0) -> Message:
        """The next frame of a device; with so much more in its envelope."""
        frame = self.number(device)
        moment = observed_at or self._begins_at + next(self._moments) * STEP
        occupied = self._chance.random() < 0.5
        if device in BENCHES:
            return Message(frame=frame, topic=topics.device_up(device), payload=self.bench(frame, moment, occupied))
        return Message(frame=frame, topic=bay_topic(device), payload=self.bay(frame, moment, occupied, pad_bytes))

    def number(self, device: str) -> FrameId:
        """The next name of a frame."""
        frame = FrameId(self.run, device, self._seqs[device])
        self._seqs[device] += 1
        return frame

    def bench(self, frame: FrameId, moment: datetime, occupied: bool) -> bytes:
        """A message of our own contract."""
        return smartplace_bench.encode_message(
            Kind.EVENT, {"occupied": occupied}, seq=frame.seq, time=moment, session=frame.run
        )

    def bay(self, frame: FrameId, moment: datetime, occupied: bool, pad_bytes: int = 0) -> bytes:
        """An event of ChirpStack, heard by some gateways: no two are alike."""
        device = Device(device_id=frame.device, model=BAY_MODEL, silent_after=timedelta(days=1), asset_id=None)
        node = Node(device=device, model=model(BAY_MODEL), dev_addr=frame.run, spreading_factor=7)
        encoded = Encoded(f_port=1, payload=bytes([occupied]))
        event = up_event(node, frame.seq, encoded, observed_at=moment, random=self._chance)
        if not pad_bytes:
            return event
        return json.dumps(json.loads(event) | {"object": {"pad": "x" * pad_bytes}}).encode()

    def spread(self, count: int, *, over: timedelta) -> list[Message]:
        """Good frames of all devices, at random moments of so long a past."""
        now = datetime.now(UTC)
        moments = sorted(now - over * self._chance.random() for _ in range(count))
        return [self.frame(DEVICES[n % len(DEVICES)], observed_at=moment) for n, moment in enumerate(moments)]

    def mixed(self, count: int, *, poison_share: float, refused: bool = False) -> list[Message]:
        """Good frames, and bad ones among them; with some that only the database can refuse (F11 teaches it)."""
        kinds = [*poison.KINDS, *([poison.refused_by_the_database] if refused else [])]
        return [
            self.poison(self._chance.choice(kinds)) if self._chance.random() < poison_share else good
            for good in self.frames(count)
        ]

    def poison(self, kind: Poison) -> Message:
        """A bad message; unlike any other, so that each is a dead letter of its own."""
        frame = self.number("poison")
        topic, payload = kind(self.frame(self._chance.choice(BAYS)), self.frame(self._chance.choice(BENCHES)), frame)
        return Message(frame=frame, topic=topic, payload=payload, is_poison=True)

    def copy(self, message: Message) -> Message:
        """The same frame once more: of a bay, by other gateways."""
        if message.frame.device not in BAYS:
            return message
        event = json.loads(message.payload)
        heard = event["rxInfo"] * 3
        self._chance.shuffle(heard)
        return replace(message, payload=json.dumps(event | {"rxInfo": heard[: self._chance.randint(1, 3)]}).encode())

    def large(self, count: int, *, pad_bytes: int) -> Iterator[Message]:
        """Good frames of bays, whose network server tells very much of them."""
        for number in range(count):
            yield self.frame(BAYS[number % len(BAYS)], pad_bytes=pad_bytes)

    def deadly(self, data: bytes) -> Message:
        """A frame of a bay with these bytes."""
        frame = self.number(BAYS[0])
        event = json.loads(self.bay(frame, self._begins_at, occupied=True)) | {"data": b64encode(data).decode()}
        return Message(frame=frame, topic=bay_topic(BAYS[0]), payload=json.dumps(event).encode(), is_poison=True)


def bay_topic(device: str) -> str:
    """Where ChirpStack publishes it."""
    return topics.chirpstack_up(APPLICATION_ID, device)
