"""JavaScript codecs joined: what the store keeps, what the worker runs, for ingest, replay and those who upload."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version as installed_version

from devices.catalogue import BY_KEY, silent_after
from devices.downlinks import Command, KnownCommand
from devices.mapping import parse_mapping
from devices.octets import Encoded
from devices.settings import Echo
from domain.codec_scripts import CodecActivation, CodecDraft, CodecVersion, DryRun, ScriptFrame, Upload
from domain.errors import MappingError, StoreUnavailableError, UnknownCodecError
from domain.live import Clock
from domain.uplinks import Decoded
from scripting.gate import ExamplesError, Verdict, examine, parse_examples, untried
from scripting.limits import MOST_SOURCE_LETTERS
from scripting.models import ScriptedModel, decode_frames, encode_command, try_out
from scripting.runner import ScriptRunner
from store.codec_scripts import CodecScripts
from store.pool import Pool, open_pool

logger = logging.getLogger(__name__)

_ENGINE = "quickjs-ng"
_MODEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_LONGEST_NAME = 100
_LONGEST_HEARTBEAT = timedelta(days=31)


class CodecBook:
    """The active codecs, and a worker for them. Satisfies domain.codec_scripts.ScriptedModels."""

    def __init__(self, scripts: CodecScripts) -> None:
        self._scripts = scripts
        self._runner = ScriptRunner()
        self._models: dict[str, ScriptedModel] = {}
        self._silences: dict[str, timedelta] = {}
        self._activation = -1

    def knows(self, model: str) -> bool:
        """Whether a JavaScript codec reads this model."""
        return model in self._models

    async def refresh(self) -> None:
        """Read the codecs anew if another version became active; raises StoreUnavailableError."""
        activation = await self._scripts.newest_activation()
        if activation != self._activation:
            active = await self._scripts.active()
            self._models = dict(_ready(active))
            self._silences = {version.draft.model: version.draft.silent_after for version in active}
            self._activation = activation

    def silent_after(self, model: str) -> timedelta:
        """How long any model may be silent, built in or not, as of the last refresh; raises UnknownModelError."""
        return self._silences[model] if model in self._silences else silent_after(model)

    async def decode(self, frames: Sequence[ScriptFrame]) -> list[Decoded | Exception]:
        """What each means, or a ScriptError."""
        return await decode_frames(self._runner, self._models, frames)

    async def aclose(self) -> None:
        """End the worker."""
        await self._runner.close()


def _ready(versions: Sequence[CodecVersion]) -> Iterator[tuple[str, ScriptedModel]]:
    """The codecs that can be used. One that an older release took and this one does not must not cost the others."""
    for version in versions:
        try:
            yield version.draft.model, ScriptedModel.of(version)
        except MappingError as error:
            told = {"action": "codec_unusable", "codec": version.draft.model, "version": version.version}
            logger.warning("a codec cannot be used: %s", error, extra=told)


def open_book(pool: Pool, *, now: Clock) -> AbstractAsyncContextManager[CodecBook]:
    """The codecs in the database, with a worker that ends with the context."""
    return aclosing(CodecBook(CodecScripts(pool, now=now)))


async def scripted_silences(conninfo: str, *, now: Clock) -> dict[str, timedelta]:
    """How long each JavaScript model may be silent; none while the database does not answer."""
    try:
        async with open_pool(conninfo, size=1) as pool:
            active = await CodecScripts(pool, now=now).active()
    except StoreUnavailableError as error:
        logger.warning("the JavaScript models are not known: %s", error, extra={"action": "codecs_unknown"})
        return {}
    return {version.draft.model: version.draft.silent_after for version in active}


@dataclass(frozen=True, slots=True)
class _Checked:
    """An upload that was looked at."""

    problems: tuple[str, ...]
    verdict: Verdict | None = None


class ScriptedTalker:
    """Commands to devices of one JavaScript codec, and what they tell. Satisfies store.talkers.Talker."""

    def __init__(self, runner: ScriptRunner, model: ScriptedModel, now: Clock) -> None:
        self._runner = runner
        self._model = model
        self._now = now
        self.commands: Sequence[KnownCommand] = model.table.commands
        self.echoes: Sequence[Echo] = model.table.echoes

    async def encode(self, command: Command) -> Encoded:
        """The frame that tells a device to do so; raises CommandRefusedError."""
        return await encode_command(self._runner, self._model, command, at=self._now())

    async def read(self, frames: Sequence[ScriptFrame]) -> list[Decoded | Exception]:
        """What each means."""
        return await decode_frames(self._runner, {self._model.key: self._model}, frames)


class CodecShelf:
    """Uploads, versions and dry runs. Satisfies domain.codec_scripts.Codecs.

    Its worker is not the one that reads frames: trying out a codec delays none.
    """

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._scripts = CodecScripts(pool, now=now)
        self._runner = ScriptRunner()
        self._now = now

    async def aclose(self) -> None:
        """End the worker."""
        await self._runner.close()

    async def all(self) -> list[CodecVersion]:
        """Every version of every codec, by model, newest first."""
        return await self._scripts.all()

    async def version(self, model: str, version: int | None = None) -> CodecVersion:
        """One version, the active one if not said otherwise; raises UnknownCodecError."""
        return await self._scripts.version(model, version)

    async def activations(self, model: str) -> list[CodecActivation]:
        """Who made which version the active one, newest first."""
        return await self._scripts.activations(model)

    async def upload(self, draft: CodecDraft, *, by: str, dry_run: bool = False) -> Upload:
        """Try a codec on its own examples; keep it and make it active if all pass, unless `dry_run`."""
        checked = await self._check(draft)
        verdict = checked.verdict
        if verdict is None:
            return Upload(version=None, problems=checked.problems, examples=())
        script = verdict.script
        version = None
        if verdict.passed and not dry_run:
            engine = f"{_ENGINE} {installed_version(_ENGINE)}"
            version = await self._scripts.add(draft, module=script.module, fresh=script.fresh, engine=engine, by=by)
            told = {"action": "codec_uploaded", "codec": draft.model, "version": version, "by": by}
            logger.info("a codec was uploaded", extra=told)
        return Upload(version=version, problems=(), examples=verdict.results, module=script.module, fresh=script.fresh)

    async def activate(self, model: str, version: int, *, by: str) -> None:
        """Let an older version read frames again; raises UnknownCodecError."""
        await self._scripts.activate(model, version, by=by)
        logger.info(
            "a codec was activated", extra={"action": "codec_activated", "codec": model, "version": version, "by": by}
        )

    async def try_out(self, model: str, version: int | None, *, f_port: int, payload: bytes, at: datetime) -> DryRun:
        """What a frame would mean; keeps nothing. Raises UnknownCodecError."""
        found = ScriptedModel.of(await self._scripts.version(model, version))
        return await try_out(self._runner, found, f_port=f_port, payload=payload, at=at)

    async def talker(self, model: str) -> "ScriptedTalker | None":
        """What the active codec of a model takes and tells; None where there is none, or it cannot be used."""
        try:
            return ScriptedTalker(self._runner, ScriptedModel.of(await self._scripts.version(model, None)), self._now)
        except (UnknownCodecError, MappingError):
            return None

    async def _check(self, draft: CodecDraft) -> _Checked:
        problems = [*_wrong_words(draft)]
        try:
            table = parse_mapping(draft.mapping)
        except MappingError as error:
            problems += [f"mapping: {problem}" for problem in error.problems]
        try:
            examples = parse_examples(draft.examples)
        except ExamplesError as error:
            problems += error.problems
        if not problems:
            problems = untried(table, examples)
        if problems:
            return _Checked(tuple(problems))
        return _Checked((), await examine(self._runner, draft.source, examples, table))


def open_shelf(pool: Pool, *, now: Clock) -> AbstractAsyncContextManager[CodecShelf]:
    """The shelf, with a worker that ends with the context."""
    return aclosing(CodecShelf(pool, now=now))


def _wrong_words(draft: CodecDraft) -> list[str]:
    found = []
    if not _MODEL.fullmatch(draft.model):
        found.append("model: up to 64 lower-case letters, digits and hyphens")
    elif draft.model in BY_KEY:
        found.append(f"model: {draft.model} has a built-in codec")
    for name, text in (("vendor", draft.vendor), ("name", draft.name)):
        if not 0 < len(text.strip()) <= _LONGEST_NAME or not text.isprintable():
            found.append(f"{name}: 1 to {_LONGEST_NAME} printable characters")
    if not timedelta(minutes=1) <= draft.heartbeat <= _LONGEST_HEARTBEAT:
        found.append("heartbeat: from 1 minute to 31 days")
    if not draft.source.strip() or len(draft.source) > MOST_SOURCE_LETTERS or "\0" in draft.source:
        found.append(f"source: from 1 to {MOST_SOURCE_LETTERS} characters")
    return found
