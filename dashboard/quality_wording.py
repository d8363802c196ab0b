"""Faults of data in plain English."""

from domain.quality import Fault, QualityEvent

FAULTS = {
    Fault.ABOVE_CAPACITY: "More than there are spaces",
    Fault.FAR_ABOVE_CAPACITY: "Far more than there are spaces",
    Fault.NEGATIVE: "Below zero",
    Fault.SPIKE: "Leapt away and back",
    Fault.FROZEN: "Stood still all day",
    Fault.SENTINEL: "A code instead of a count",
    Fault.DUPLICATE: "The same again",
    Fault.BACK_FILL: "Came more than a day late",
    Fault.RESIDUAL: "Gates counted what cannot be",
    Fault.DRIFT: "Gates had counted wrongly",
}


_DETAILS = {
    Fault.ABOVE_CAPACITY: "{times}, by up to {beyond:,} of {capacity:,}. Shown as full.",
    Fault.FAR_ABOVE_CAPACITY: "{times}, by up to {beyond:,} of {capacity:,}. Not believed.",
    Fault.NEGATIVE: "{times}, down to \N{MINUS SIGN}{beyond:,}. Not believed.",
    Fault.SPIKE: "{times}, by up to {beyond:,} of {capacity:,}. The count before it is believed.",
    Fault.FROZEN: "Believed, and told apart in coverage.",
    Fault.SENTINEL: "{times}. Not believed.",
    Fault.DUPLICATE: "{times}. Kept once.",
    Fault.BACK_FILL: "{times}. Counted where it belongs.",
    Fault.RESIDUAL: "{beyond:,} in all below zero or above {capacity:,}. Left out.",
    Fault.DRIFT: "By {beyond:,} of {capacity:,}. An anchor or a recount put it right.",
}


def detail(event: QualityEvent) -> str:
    """How often, by how much, and what is believed instead."""
    times = "Once" if event.times == 1 else f"{event.times:,} times"
    return _DETAILS[event.fault].format(times=times, beyond=abs(event.residual), capacity=event.capacity)


def share(number: float | None) -> str:
    """A share as people read it: never 100% where a part is missing, nor 0% where there is one."""
    if number is None:
        return "Closed"
    if 0 < number < 0.001:
        return "Under 0.1%"
    if 0.999 < number < 1:
        return "Over 99.9%"
    return f"{number:.1%}"
