"""LoRaWAN devices behind a ChirpStack v4 network server: its `up` events, byte for byte in its manner.

The event itself shows zeros (`fCnt: 0`); inside `rxInfo` and `txInfo` a zero is left out. Times have nine
fractional digits. There is no `object`, as of a server without codecs.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from devices.octets import Encoded
from domain import topics
from domain.places import Device
from simulators.behaviour import Report
from simulators.seeds import seeded
from simulators.transmission import Transmission
from simulators.voices import Named, Voice

_NAMES = UUID("6f0c7f7e-5d0f-4b6e-8f0a-2f1f5b7a9c11")
TENANT_ID = str(uuid5(_NAMES, "tenant"))
APPLICATION_ID = str(uuid5(_NAMES, "application"))
GATEWAY_IDS = tuple(f"5a00010000000{number:03x}" for number in range(1, 7))
FREQUENCIES_HZ = (868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000)
NETWORK_DELAY = timedelta(milliseconds=400)
"""From the end of a frame on air to its event on the broker: ChirpStack waits 200 ms for more gateways."""
_CHANNELS = (0, 1, 2, 3, 4, 5, 6)
_SHARE_THAT_KNOWS_THE_TIME = 0.7
_LEAST_SNR_DB = {7: -7.5, 8: -10.0, 9: -12.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What the network server knows of a device since it joined; how likely a gateway there knows the time itself."""

    device: Device
    model: Named
    dev_addr: str
    spreading_factor: int
    timed: float = _SHARE_THAT_KNOWS_THE_TIME


class LoraDevice:
    """Radio of a device that ChirpStack speaks for. Each beginning is a new join: another dev_addr, fCnt 0."""

    def __init__(
        self,
        device: Device,
        voice: Voice,
        *,
        seed: int,
        begins_at: datetime,
        timed: float = _SHARE_THAT_KNOWS_THE_TIME,
    ) -> None:
        self._random = seeded(seed, device.device_id, begins_at.isoformat())
        dev_addr = f"{0x01000000 | self._random.getrandbits(24):08x}"
        factor = self._random.choice((7, 7, 7, 8, 9))
        self._node = Node(device=device, model=voice, dev_addr=dev_addr, spreading_factor=factor, timed=timed)
        self._voice = voice
        self._f_cnt = 0

    def transmit(self, report: Report, at: datetime) -> Transmission:
        """See Radio."""
        return self.send(self._voice.say(report.kind, report.measurements), at)

    def send(self, encoded: Encoded, at: datetime) -> Transmission:
        """The message for a frame of these bytes, sent at `at`."""
        payload = up_event(self._node, self._f_cnt, encoded, observed_at=at, random=self._random)
        self._f_cnt += 1
        return Transmission(
            at + NETWORK_DELAY, topics.chirpstack_up(APPLICATION_ID, self._node.device.device_id), payload
        )


def up_event(node: Node, f_cnt: int, encoded: Encoded, *, observed_at: datetime, random: Random) -> bytes:
    """The `up` event for one frame, heard by one to four gateways."""
    channel = random.choice(_CHANNELS)
    server_at = observed_at + timedelta(milliseconds=random.randint(210, 390))
    gateways = random.sample(GATEWAY_IDS, random.choices((1, 2, 3, 4), (4, 3, 2, 1))[0])
    rx_info = [_rx_info(node, gateway, channel, observed_at, random) for gateway in gateways]
    event = {
        "deduplicationId": str(UUID(int=random.getrandbits(128), version=4)),
        "time": next((heard["gwTime"] for heard in rx_info if "gwTime" in heard), _time(server_at, random)),
        "deviceInfo": _device_info(node),
        "devAddr": node.dev_addr,
        "adr": True,
        "dr": 12 - node.spreading_factor,
        "fCnt": f_cnt,
        "fPort": encoded.f_port,
        "confirmed": False,
        "data": b64encode(encoded.payload).decode(),
        "rxInfo": rx_info,
        "txInfo": _tx_info(node, channel),
        "regionConfigId": "eu868",
    }
    return json.dumps(event, separators=(",", ":")).encode()


def _device_info(node: Node) -> dict[str, object]:
    return {
        "tenantId": TENANT_ID,
        "tenantName": "Simulated",
        "applicationId": APPLICATION_ID,
        "applicationName": "smartplace",
        "deviceProfileId": str(uuid5(_NAMES, node.model.key)),
        "deviceProfileName": f"{node.model.vendor} {node.model.name}",
        "deviceName": node.device.asset_id or node.device.device_id,
        "devEui": node.device.device_id,
        "deviceClassEnabled": "CLASS_A",
        "tags": {},
    }


def _rx_info(node: Node, gateway_id: str, channel: int, observed_at: datetime, random: Random) -> dict[str, object]:
    snr_db = round(random.triangular(_LEAST_SNR_DB[node.spreading_factor], 13, 8) * 4) / 4
    heard: dict[str, object] = {"gatewayId": gateway_id, "uplinkId": random.randint(1, 65_535)}
    if random.random() < node.timed:
        heard["gwTime"] = _time(observed_at, random)
    heard["nsTime"] = _time(observed_at + timedelta(milliseconds=random.randint(20, 150)), random)
    heard["rssi"] = round(random.triangular(-120, -55, -97))
    if snr_db:
        heard["snr"] = snr_db
    if channel:
        heard["channel"] = channel
    heard["location"] = {}
    heard["context"] = b64encode(random.randbytes(4)).decode()
    heard["crcStatus"] = "CRC_OK"
    return heard


def _tx_info(node: Node, channel: int) -> dict[str, object]:
    lora = {"bandwidth": 125_000, "spreadingFactor": node.spreading_factor, "codeRate": "CR_4_5"}
    return {"frequency": FREQUENCIES_HZ[channel], "modulation": {"lora": lora}}


def _time(at: datetime, random: Random) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}{random.randrange(1000):03}+00:00"
