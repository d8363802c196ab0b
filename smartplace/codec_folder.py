"""A JavaScript codec as a folder: `codec.toml`, and beside it the source, the mapping and the examples.

| key of codec.toml   |                                                |
| model, vendor, name | what it is called, as in `codec upload`        |
| senses              | bay or bench                                   |
| heartbeat_minutes   | between regular frames                         |
| source              | JavaScript, `codec.js` if not said otherwise   |
| mapping, examples   | JSON, `mapping.json` and `examples.json`       |
"""

import json
import tomllib
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.codec_scripts import CodecDraft
from domain.errors import CommandError
from domain.places import AssetKind


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str
    vendor: str
    name: str
    senses: AssetKind
    heartbeat_minutes: int = Field(ge=1, le=44_640)
    source: str = "codec.js"
    mapping: str = "mapping.json"
    examples: str = "examples.json"


def read_codec(folder: Path) -> CodecDraft:
    """The codec in a folder; raises CommandError with what is wrong."""
    try:
        about = _About.model_validate(tomllib.loads(read_text(folder / "codec.toml")))
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{folder / 'codec.toml'} is no TOML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise CommandError(f"{folder / 'codec.toml'}: {faults}") from error
    return CodecDraft(
        model=about.model,
        vendor=about.vendor,
        name=about.name,
        senses=about.senses,
        heartbeat=timedelta(minutes=about.heartbeat_minutes),
        source=read_text(folder / about.source),
        mapping=read_json(folder / about.mapping),
        examples=read_json(folder / about.examples),
    )


def read_text(path: Path) -> str:
    """A file as text; raises CommandError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def read_json(path: Path) -> object:
    """A file as JSON; raises CommandError."""
    try:
        document: object = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is no JSON: {error}") from error
    return document
