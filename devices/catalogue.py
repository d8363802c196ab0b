"""Every device model that the platform knows, by name."""

from datetime import timedelta

from devices.codec import DeviceModel
from devices.codecs import (
    bosch_tps110,
    browan_tbms100,
    cayenne_lpp,
    decentlab_dl_iam,
    elsys,
    libelium_smart_parking_v1,
    libelium_smart_parking_v2,
    libelium_smart_parking_v3,
    milesight_am100,
    milesight_am300,
    milesight_ds3604,
    milesight_em310_udl,
    milesight_em400,
    milesight_vs13x,
    milesight_vs34x,
    milesight_vs121,
    milesight_vs330,
    milesight_ws202,
    milesight_ws302,
    moko_lw009_sm,
    netvox_r311fa,
    netvox_r718e,
    netvox_rb11e,
    nwave_ncc405,
    nwave_nps310sm,
    nwave_nps405,
    parametric_pcr2,
    pni_placepod,
    smartplace_bench,
    smartplace_count,
    tekzitel_tekzipark,
)
from domain.errors import UnknownModelError

MODELS: tuple[DeviceModel, ...] = (
    bosch_tps110.MODEL,
    browan_tbms100.MODEL,
    cayenne_lpp.MODEL,
    decentlab_dl_iam.MODEL,
    elsys.ELT_ULTRASONIC,
    elsys.EMS_DESK,
    elsys.ERS,
    elsys.ERS_CO2,
    elsys.ERS_EYE,
    elsys.ERS_SOUND,
    elsys.ERS_VOC,
    libelium_smart_parking_v1.MODEL,
    libelium_smart_parking_v2.MODEL,
    libelium_smart_parking_v3.MODEL,
    milesight_am100.AM102,
    milesight_am100.AM103,
    milesight_am100.AM104,
    milesight_am100.AM107,
    milesight_am300.AM307,
    milesight_am300.AM308,
    milesight_am300.AM319,
    milesight_ds3604.MODEL,
    milesight_em310_udl.MODEL,
    milesight_em400.EM400_MUD,
    milesight_em400.EM400_TLD,
    milesight_em400.EM400_UDL,
    milesight_vs121.MODEL,
    milesight_vs13x.VS132,
    milesight_vs13x.VS133,
    milesight_vs330.MODEL,
    milesight_vs34x.VS340,
    milesight_vs34x.VS341,
    milesight_ws202.MODEL,
    milesight_ws302.MODEL,
    moko_lw009_sm.MODEL,
    netvox_r311fa.MODEL,
    netvox_r718e.MODEL,
    netvox_rb11e.MODEL,
    nwave_ncc405.MODEL,
    nwave_nps310sm.MODEL,
    nwave_nps405.MODEL,
    parametric_pcr2.MODEL,
    pni_placepod.MODEL,
    smartplace_bench.MODEL,
    smartplace_count.MODEL,
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


def silent_after(key: str) -> timedelta:
    """How long this model may be silent before its last word no longer counts; raises UnknownModelError."""
    return model(key).silent_after


def needs_threshold(key: str) -> bool:
    """Whether a model only measures a distance: what that means is decided where it is installed. False if unknown."""
    return key in BY_KEY and "distance_mm" in BY_KEY[key].measures and "occupied" not in BY_KEY[key].measures
