"""What pages call things: the five statuses of a place, the states of a bay or bench, kinds and categories."""

from domain.availability import WORDS, Availability, availability
from domain.categories import Category
from domain.places import Asset, AssetKind, SiteKind
from domain.snapshot import AssetStatus, SiteStatus
from domain.states import Counts, State

SITE_KINDS = {
    SiteKind.CAR_PARK: "Car park",
    SiteKind.STREET: "Street parking",
    SiteKind.SQUARE: "Square",
    SiteKind.PARK: "Park",
}

CATEGORIES = {
    Category.GENERAL: "General",
    Category.DISABLED: "Accessible",
    Category.EV: "Electric vehicle",
    Category.LOADING: "Loading",
    Category.PERMIT: "Permit holders",
    Category.MOTORCYCLE: "Motorcycle",
    Category.TAXI: "Taxi",
    Category.CAR_CLUB: "Car club",
    Category.PARENT: "Parent and child",
}

CATEGORY_LETTERS = {
    Category.GENERAL: "",
    Category.DISABLED: "A",
    Category.EV: "E",
    Category.LOADING: "L",
    Category.PERMIT: "P",
    Category.MOTORCYCLE: "M",
    Category.TAXI: "T",
    Category.CAR_CLUB: "C",
    Category.PARENT: "F",
}
BENCH_LETTER = "B"

_STATES = {
    State.FREE: "Free",
    State.OCCUPIED: "Taken",
    State.UNKNOWN: "No recent data",
    State.CLOSED: "Closed",
}


def site_status(site: SiteStatus) -> str:
    """The status of a place in words: of its bays, or of its benches where it has no bays."""
    return WORDS[site_availability(site)]


def site_availability(site: SiteStatus) -> Availability:
    """How a place stands, best first: of its bays, or of its benches where it has no bays."""
    return availability(site.bays if site.bays.capacity else site.benches)


def accessible(site: SiteStatus) -> Counts:
    """The bays for disabled people of a place."""
    return site.categories.get(Category.DISABLED, Counts())


def free_text(counts: Counts) -> str:
    """Free of capacity, such as 12 of 40; no number where none is known."""
    if counts.capacity == 0:
        return "None"
    if counts.capacity == counts.unknown + counts.closed:
        return "Closed" if counts.unknown == 0 else "Not known"
    return f"{counts.free} of {counts.capacity}"


def unknown_text(counts: Counts) -> str:
    """How many more might be free, or nothing where free_text says it already."""
    partly = counts.unknown and counts.free + counts.occupied
    return f"{counts.unknown} not known" if partly else ""


def state_text(asset: Asset, state: State) -> str:
    """The state of a bay or bench in words."""
    if asset.kind is AssetKind.BENCH and state is State.OCCUPIED:
        return "In use"
    return _STATES[state]


def status_text(status: AssetStatus) -> str:
    """The state of a bay or bench in words, or how an area stands."""
    if status.asset.kind is AssetKind.AREA:
        return WORDS[availability(status.counts)]
    return state_text(status.asset, status.state)


def kind_text(asset: Asset) -> str:
    """Who a bay or area is for, or that it is a bench."""
    return "Bench" if asset.category is None else CATEGORIES[asset.category]


def letter(asset: Asset) -> str:
    """The letter on the map."""
    return BENCH_LETTER if asset.category is None else CATEGORY_LETTERS[asset.category]


def slug(words: str) -> str:
    """Words as an attribute value: `Almost full` is almost-full."""
    return words.lower().replace(" ", "-")


def counted(count: int, noun: str) -> str:
    """A number and its noun: 1 place, 2 places, 2 benches."""
    ending = "" if count == 1 else "es" if noun.endswith("ch") else "s"
    return f"{count:,} {noun}{ending}"


def span_mm(span: tuple[int, int]) -> str:
    """From the least to the greatest distance: 700 to 712 mm, or 700 mm where they are the same."""
    least, greatest = span
    return f"{least:,} mm" if least == greatest else f"{least:,} to {greatest:,} mm"
