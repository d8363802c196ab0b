"""Every device model that the platform knows, by name."""

from devices.codec import DeviceModel
from devices.codecs import (
    bosch_tps110,
    libelium_smart_parking_v3,
    milesight_vs34x,
    nwave_nps405,
    smartplace_bench,
    tekzitel_tekzipark,
)
from domain.errors import UnknownModelError

MODELS: tuple[DeviceModel, ...] = (
    bosch_tps110.MODEL,
    libelium_smart_parking_v3.MODEL,
    milesight_vs34x.VS340,
    milesight_vs34x.VS341,
    nwave_nps405.MODEL,
    smartplace_bench.MODEL,
    tekzitel_tekzipark.MODEL,
)

BY_KEY: dict[str, DeviceModel] = {model.key: model for model in MODELS}


def model(key: str) -> DeviceModel:
    """The model of this key.

    Raises:
        UnknownModelError: there is none.
    """
    if key not in BY_KEY:
        raise UnknownModelError(key)
    return BY_KEY[key]
