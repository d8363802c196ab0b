"""Every setting of the platform, read once from the environment; packages below get plain values."""

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import CommandError

PREFIX = "SMARTPLACE_"

_DOWNLINK_TOPIC = re.compile(
    r"application/[\w-]+/device/\{dev_eui\}/command/down|v3/[\w@-]+/devices/[\w-]*\{dev_eui\}/down/push"
)

_ADDRESS = re.compile(r"[A-Za-z0-9._-]+:(?P<port>[0-9]{1,5})")


_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Settings(BaseSettings):
    """Fields are environment variables with the prefix `SMARTPLACE_`, e.g. `SMARTPLACE_DATABASE_URL`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True, extra="forbid")

    database_url: SecretStr = SecretStr("postgresql://smartplace@127.0.0.1:5432/smartplace")
    """PostgreSQL >= 15 or TimescaleDB, as a libpq connection string."""
    database_pool_size: int = Field(default=4, ge=1, le=100)
    """Connections that one process may hold."""
    database_timeout_s: float = Field(default=15.0, ge=1, le=300)
    """How long ingest waits for the database before it takes it for away, also one that is frozen."""

    mqtt_host: str = "127.0.0.1"
    """The broker's host name."""
    mqtt_port: int = Field(default=1883, ge=1, le=65535)
    """The broker's port; usually 8883 with TLS."""
    mqtt_version: Literal["5", "3.1.1"] = "5"
    """The protocol to speak. NATS, the embedded broker, speaks 3.1.1."""
    mqtt_username: str = ""
    """The account that ingest (or the simulator) uses; empty for none."""
    mqtt_password: SecretStr = SecretStr("")
    """Its password."""
    mqtt_tls: bool = False
    """Speak TLS to the broker; its certificate must be valid for the host name."""
    mqtt_ca_file: Path | None = None
    """The certificate authority to trust instead of the system's."""
    mqtt_client_id: str = "smartplace-ingest"
    """Names the persistent session. Must stay the same across restarts, and differ between workers."""
    mqtt_session_expiry_s: int = Field(default=1_209_600, ge=0)
    """How long the broker keeps the session of an absent ingest, in seconds (MQTT 5)."""
    mqtt_receive_maximum: int = Field(default=1000, ge=1, le=65535)
    """Most frames in flight: received and not yet committed."""
    mqtt_keepalive_s: int = Field(default=10, ge=1, le=300)
    """A broker that says nothing for twice this long is taken for lost."""

    source: Literal["mqtt", "jetstream"] = "mqtt"
    """Where ingest takes frames: an MQTT broker, or the streams of a NATS cluster that takes MQTT from devices."""
    mqtt_share_group: str = ""
    """Workers with the same group share the frames (MQTT 5 shared subscriptions); none if empty."""
    nats_servers: str = "nats://127.0.0.1:4222"
    """The nodes of the NATS cluster, separated by commas. Account and Receive Maximum are those of MQTT."""
    nats_mqtt_servers: str = ""
    """Where those nodes take MQTT, `host:port` separated by commas, for commands; MQTT's host and port if empty."""
    nats_consumer: str = "smartplace-ingest"
    """The durable consumer that every worker shares."""
    nats_ack_wait_s: float = Field(default=30.0, gt=1)
    """After how long a frame that a worker does not acknowledge goes to another."""

    batch_rows: int = Field(default=500, ge=1, le=5000)
    """Most frames in one transaction."""
    batch_linger_ms: float = Field(default=5.0, ge=0, le=1000)
    """How long a frame may wait for company while another transaction is on its way."""
    spool_file: Path | None = None
    """Where frames are kept while the database is away for more than `spool_after_s`; none if empty."""
    spool_after_s: float = Field(default=10.0, gt=0, le=300)
    """How long the database may be away before frames go to the spool."""
    spool_bytes: int = Field(default=2 * 1024**3, ge=1024)
    """How much the spool may hold; when it is full, frames wait in the broker."""
    flood_per_minute: float = Field(default=30.0, gt=0, le=1_000_000)
    """Frames that a device may send in a minute, by event time, before the excess is set aside."""
    flood_burst: int = Field(default=120, ge=1, le=10_000_000)
    """Frames that it may send at once."""
    tick_seconds: float = Field(default=10.0, gt=0, le=60)
    """How often ingest confirms that it hears, and turns the silent into unknown."""
    history_seconds: float = Field(default=10.0, gt=0, le=300)
    """How long what sensors say waits for company before history is told; that takes a tenth of the time at most."""
    quality_seconds: float = Field(default=60.0, gt=0, le=3600)
    """How often counts of areas are judged that are new or told anew."""
    quality_day_begins: str = Field(default="07:00", pattern=_TIME_OF_DAY)
    """From this local time on a counted area is expected to move."""
    quality_day_ends: str = Field(default="22:00", pattern=_TIME_OF_DAY)
    """Until this one."""
    quality_frozen_values: int = Field(default=2, ge=1, le=1000)
    """An area that gives no more different numbers in that time stood still."""
    quality_frozen_capacity: int = Field(default=20, ge=1, le=100_000)
    """An area of fewer spaces may do so by chance: it is judged when a week of it is known."""
    usual_weeks: int = Field(default=6, ge=2, le=52)
    """Over how many of the last weeks it is worked out how full places usually are."""
    privacy_k: int = Field(default=10, ge=2, le=1000)
    """In public no past is told of so few stays, sittings, or bays that belong to one household each."""
    privacy_benches: int = Field(default=5, ge=2, le=1000)
    """Places with fewer benches are told together with others."""
    privacy_bucket_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 1
    """Into how long parts the day is told of benches, in hours."""
    keep_journal_days: int = Field(default=396, ge=0, le=36_500)
    """How long every frame is kept as it came, by its receipt; 0 for ever. See docs/history.md for all of these."""
    keep_measurements_days: int = Field(default=396, ge=0, le=36_500)
    """How long measurements and events are kept, once history is told of them; 0 for ever."""
    keep_bench_raw_days: int = Field(default=30, ge=0, le=36_500)
    """How long frames, events and spans of benches are kept, which tell of persons; no longer than those of bays."""
    keep_dead_letters_days: int = Field(default=396, ge=0, le=36_500)
    """How long dead letters are kept after they last came; 0 for ever."""
    keep_security_events_days: int = Field(default=396, ge=0, le=36_500)
    """How long what is on /manage/security is kept after it last happened; 0 for ever."""
    keep_commands_days: int = Field(default=396, ge=0, le=36_500)
    """How long commands are kept after their end; 0 for ever."""
    keep_sign_plays_days: int = Field(default=396, ge=0, le=36_500)
    """How long it is kept what screens say they have shown; 0 for ever."""
    compress_journal_days: int = Field(default=2, ge=1, le=36_500)
    """After how long TimescaleDB compresses the journal."""
    compress_measurements_days: int = Field(default=15, ge=1, le=36_500)
    """After how long TimescaleDB compresses measurements and events."""
    compress_facts_days: int = Field(default=35, ge=1, le=36_500)
    """After how long TimescaleDB compresses facts and hours; days after 400 days at least."""
    canary_seconds: float = Field(default=10.0, gt=0, le=60)
    """How often ingest sends a message to itself, to know that messages arrive."""
    canary_late_s: float = Field(default=60.0, gt=0, le=600)
    """After how long without one of them nothing is confirmed any more."""

    ingest_http_host: str = "127.0.0.1"
    """The address on which ingest answers /metrics, /healthz and /readyz, to everyone who can reach it."""
    ingest_http_port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; not answered if empty. Of several workers each takes the next one."""
    metrics_token: SecretStr = SecretStr("")
    """Who sends it as bearer token may read /metrics of the web server; closed to everyone below 16 characters."""

    http_host: str = "127.0.0.1"
    """The address that the web server listens on."""
    http_port: int = Field(default=8080, ge=1, le=65535)
    """Its port."""
    frame_validity_s: float = Field(default=60.0, gt=0, le=120)
    """How long a sign may show a frame after the platform last vouched for it."""
    sign_frames_private: bool = False
    """Show frames only to the sign itself, by its token, and to keys with the scope `signs`; else to everybody."""
    message_second_person: bool = False
    """Free text reaches signs only after somebody else than its writer agreed; templates need nobody."""
    message_planned_days: int = Field(default=31, ge=1, le=366)
    """How long a planned message may last."""
    message_emergency_hours: int = Field(default=24, ge=1, le=168)
    """How long an emergency message may last."""
    organisation: str = "Smart places"
    """The name in the header of every page."""
    manage_username: str = "manager"
    """Who may log in to /manage."""
    manage_password: SecretStr = SecretStr("")
    """Their password, at least 12 characters; while empty, /manage is closed to everyone."""
    session_key: SecretStr = SecretStr("")
    """Signs the log-in cookies, at least 32 characters; while empty, /manage is closed to everyone."""
    secure_cookies: bool = True
    """Send log-in cookies over HTTPS only. Off for plain HTTP on loopback."""

    sign_topics: bool = False
    """Let the web server publish frames of signs and how places stand as retained MQTT messages, with that account."""
    downlink_topic: str = ""
    """Where the network server takes commands, with `{dev_eui}` for the device; while empty, none can be sent."""
    chirpstack_url: SecretStr = SecretStr("")
    """Where ChirpStack's API answers: `http://host:8080`, or `https://host`."""
    chirpstack_api_key: SecretStr = SecretStr("")
    """A key of the tenant, made in ChirpStack under API keys."""
    chirpstack_tenant_id: str = ""
    """The tenant whose devices are ours."""
    chirpstack_application: str = "smartplace"
    """The name of the application that holds them."""

    things_stack_url: SecretStr = SecretStr("")
    """Where The Things Stack's API answers, such as `https://eu1.cloud.thethings.network`; it is only read."""
    things_stack_api_key: SecretStr = SecretStr("")
    """A key that may read the devices of the application, and whether they have root keys."""
    things_stack_application: str = ""
    """The id of the application that holds our devices."""

    places_file: Path | None = None
    """The places that the simulator plays; the built-in demo borough if empty."""
    simulator_codecs: str = ""
    """Folders of JavaScript codecs, separated by commas, whose devices the simulator plays from their examples."""
    simulator_seed: int = 7
    """The same seed gives the same day."""
    simulator_speed: float = Field(default=1.0, gt=0, le=3600)
    """Simulated seconds per second."""
    simulator_missed_passages: float = Field(default=0.0, ge=0, lt=1)
    """Of who passes gates in the simulation, the share that counters do not see: then counts drift."""

    log_format: Literal["plain", "json"] = "plain"
    """How log lines look: for people, or for machines."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important lines to write."""

    @field_validator("downlink_topic")
    @classmethod
    def _is_downlink_topic(cls, value: str) -> str:
        if value and not _DOWNLINK_TOPIC.fullmatch(value):
            raise ValueError("is no topic for downlinks of ChirpStack or The Things Stack with {dev_eui} in it")
        return value

    @field_validator("nats_mqtt_servers")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for address in filter(None, value.split(",")):
            found = _ADDRESS.fullmatch(address.strip())
            if found is None or not 1 <= int(found["port"]) <= 65_535:
                raise ValueError("is not host:port, separated by commas")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_connection_string(cls, value: SecretStr) -> SecretStr:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            conninfo_to_dict(value.get_secret_value())
        except ProgrammingError:
            # libpq's own sentence would quote the value, and with it a password.
            raise ValueError("is no libpq connection string") from None
        return value


def load(**values: object) -> Settings:
    """The settings: these values, the environment for the rest.

    Raises:
        CommandError: a value is wrong; names every variable at fault, and no value.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{PREFIX}{fault['loc'][0]}".upper() + f": {fault['msg']}" for fault in error.errors())
        raise CommandError(f"wrong settings: {faults}") from None


def unknown_names() -> list[str]:
    """Environment variables with our prefix that are no setting, most likely misspelt."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
