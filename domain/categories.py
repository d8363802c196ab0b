"""Who may use a bay."""

from enum import StrEnum


class Category(StrEnum):
    """Who may use a bay."""

    GENERAL = "general"
    DISABLED = "disabled"
    EV = "ev"
    LOADING = "loading"
    PERMIT = "permit"
    MOTORCYCLE = "motorcycle"
    TAXI = "taxi"
    CAR_CLUB = "car_club"
    PARENT = "parent"
