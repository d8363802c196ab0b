"""Places and the codecs of their devices: from files, or the demo borough, and into the database."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from devices.catalogue import BY_KEY, silent_after
from domain.codec_scripts import CodecDraft
from domain.errors import CommandError, PlacesFileError
from domain.places import Places
from domain.places_file import SilentAfter, parse_places
from simulators.demo import demo_places
from simulators.trial import with_trials
from smartplace.clock import utc_now
from smartplace.codec_folder import read_codec
from smartplace.codecs import open_shelf, scripted_silences
from smartplace.settings import Settings
from store.places import import_places
from store.pool import open_pool


def read_places(path: Path | None, drafts: Mapping[str, CodecDraft] | None = None) -> Places:
    """The places in a file, or the demo borough; and a place to try each of these codecs that has none there.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    known = drafts or {}

    def silence_of(model: str) -> timedelta:
        return known[model].silent_after if model in known else silent_after(model)

    return with_trials(demo_places(silence_of) if path is None else _read_places(path, silence_of), known.values())


def read_drafts(settings: Settings) -> dict[str, CodecDraft]:
    """The JavaScript codecs whose devices the simulator plays, by model; raises CommandError."""
    folders = [Path(one.strip()) for one in settings.simulator_codecs.split(",") if one.strip()]
    return {draft.model: draft for draft in map(read_codec, folders)}


async def upload_codecs(settings: Settings, drafts: Iterable[CodecDraft], *, by: str) -> None:
    """Make these codecs the active ones of their models; raises CommandError with the first that is refused."""
    async with (
        open_pool(settings.database_url.get_secret_value(), size=1) as pool,
        open_shelf(pool, now=utc_now) as shelf,
    ):
        for draft in drafts:
            told = await shelf.upload(draft, by=by)
            if told.version is None:
                problems = [*told.problems, *(line for one in told.examples for line in one.differences)]
                raise CommandError(f"the codec {draft.model} is refused: {'; '.join(problems)}")


async def read_places_to_import(settings: Settings, path: Path) -> Places:
    """The places in a file; the database is asked only for models that have no built-in codec.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    missing: set[str] = set()

    def built_in(key: str) -> timedelta:
        missing.update({key} - BY_KEY.keys())
        return silent_after(key)

    try:
        return _read_places(path, built_in)
    except PlacesFileError:
        if not missing:
            raise
    scripted = await scripted_silences(settings.database_url.get_secret_value(), now=utc_now)
    return _read_places(path, lambda key: scripted[key] if key in scripted else silent_after(key))


def _read_places(path: Path, silence_of: SilentAfter) -> Places:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlacesFileError(str(path), [f"cannot be read: {error}"]) from error
    return parse_places(text, source=str(path), silent_after=silence_of)


async def load_places(settings: Settings, places: Places) -> None:
    """Put places into the database; raises StoreUnavailableError, StoreRefusedError."""
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        await import_places(pool, places, at=utc_now())
