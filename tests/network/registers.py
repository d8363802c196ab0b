"""Registers and network servers of any kind, for properties."""

from hypothesis import strategies as st

from domain.ids import AssetId, DeviceId, SiteId
from domain.lorawan import RegisteredDevice
from network.inventory import Application, Inventory, NetworkDevice, Profile, Traits
from network.keys_file import RootKeys

MODELS = ("bosch-tps110", "elsys-ers", "pni-placepod")
EUIS = [DeviceId(f"70b3d5000000000{digit}") for digit in range(6)]
TRAITS = Traits(
    region="EU868",
    mac_version="LORAWAN_1_0_3",
    reg_params_revision="A",
    supports_otaa=True,
    supports_class_b=False,
    supports_class_c=False,
    uplink_interval_s=3600,
)
BY_MODEL = dict.fromkeys(MODELS, TRAITS)


def registered(eui, model="bosch-tps110", asset="bay-1"):
    return RegisteredDevice(
        dev_eui=eui, model=model, asset_id=asset and AssetId(asset), site_id=asset and SiteId("mill-yard")
    )


def keys_for(euis):
    return {eui: RootKeys(dev_eui=eui, join_eui="0" * 15 + "1", app_key="ab" * 16) for eui in euis}


registers = st.dictionaries(
    st.sampled_from(EUIS), st.tuples(st.sampled_from(MODELS), st.sampled_from([None, "bay-1", "bay-2"])), max_size=6
).map(lambda drawn: [registered(eui, model, asset) for eui, (model, asset) in drawn.items()])

SCRIPTED = "acme-bay"
"""A model of a JavaScript codec: no template, and a profile that people make."""
others = st.sets(st.sampled_from(EUIS)).map(lambda euis: [registered(eui, SCRIPTED, "bay-3") for eui in sorted(euis)])

traits = st.builds(
    Traits,
    region=st.sampled_from(["EU868", "US915"]),
    mac_version=st.just("LORAWAN_1_0_3"),
    reg_params_revision=st.sampled_from(["A", "B"]),
    supports_otaa=st.booleans(),
    supports_class_b=st.just(False),
    supports_class_c=st.booleans(),
    uplink_interval_s=st.sampled_from([60, 3600]),
)


@st.composite
def inventories(draw):
    """Any server: two profiles of one name, devices of other applications, tags of other people."""
    names = draw(st.lists(st.sampled_from(["smartplace", "other", "smartplace"]), max_size=3))
    applications = tuple(Application(application_id=f"a{n}", name=name) for n, name in enumerate(names))
    profile_names = draw(st.lists(st.sampled_from([*MODELS, SCRIPTED, "theirs"]), max_size=5))
    profiles = {
        f"p{n}": Profile(profile_id=f"p{n}", name=name, traits=draw(traits)) for n, name in enumerate(profile_names)
    }
    if not applications or not profiles:
        return Inventory(applications=applications, profiles=profiles)
    devices = {
        eui: NetworkDevice(
            dev_eui=eui,
            application_id=draw(st.sampled_from(applications)).application_id,
            profile_id=draw(st.sampled_from(sorted(profiles))),
            name="a name of theirs",
            tags=draw(st.dictionaries(st.sampled_from(["model", "asset", "owner"]), st.sampled_from(["x", "bay-1"]))),
            join_eui="0" * 16,
            skip_fcnt_check=draw(st.booleans()),
            is_disabled=draw(st.booleans()),
        )
        for eui in draw(st.sets(st.sampled_from(EUIS)))
    }
    keyed = draw(st.sets(st.sampled_from(sorted(devices)))) if devices else set()
    return Inventory(applications=applications, profiles=profiles, devices=devices, keyed=frozenset(keyed))
