"""The simulated borough that the settings describe, and what somebody who was there would count by hand."""

from datetime import datetime, time

from domain.counting import nightly
from simulators.borough import Borough
from smartplace.clock import utc_now
from smartplace.places import read_drafts, read_places
from smartplace.settings import Settings
from store.pool import open_pool
from store.recounts import StoreRecounts

_NIGHT = time(3, 30)
"""Not an anchor of the area: that would come by the clock on the wall, which a simulated day need not keep."""


def simulated_borough(settings: Settings, begins_at: datetime) -> Borough:
    """The borough from a moment on; raises PlacesFileError, CommandError."""
    drafts = read_drafts(settings)
    return Borough(
        read_places(settings.places_file, drafts),
        seed=settings.simulator_seed,
        begins_at=begins_at,
        drafts=drafts.values(),
        missed_passages=settings.simulator_missed_passages,
    )


async def count_by_hand(settings: Settings, *, begins_at: datetime, until: datetime) -> None:
    """Recount each area that is counted at gates: when the simulation begins, and every night of its past.

    Raises: PlacesFileError, CommandError, StoreUnavailableError, UnknownPlaceError.
    """
    borough = simulated_borough(settings, begins_at)
    moments = [begins_at, *(night.at for night in nightly(_NIGHT, 0, since=begins_at, until=until))]
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        recounts = StoreRecounts(pool, now=utc_now)
        for moment in moments:
            for area, taken in borough.taken(moment).items():
                await recounts.recount(area, taken, at=moment, by="demo")
