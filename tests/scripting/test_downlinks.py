"""Commands that JavaScript codecs write: what becomes a frame, and codecs that do what none should."""

import pytest

from devices.downlinks import Reboot, SetReportingInterval
from devices.mapping import parse_mapping
from domain.errors import CommandRefusedError
from scripting.calls import Script
from scripting.models import ScriptedModel, encode_command

pytestmark = pytest.mark.anyio

MAPPING = {
    "measurements": [{"path": "occupied", "key": "occupied"}],
    "commands": {
        "set-reporting-interval": {
            "data": {"minutes": "$seconds"},
            "parameters": {"seconds": {"low": 60, "high": 86_400, "unit": 60}},
        }
    },
}
FINE = "return { fPort: 3, bytes: [1, input.data.minutes] };"
TEN_MINUTES = SetReportingInterval(seconds=600)
HOSTILE = {
    "an endless loop": ("while (true) {}", "timeout: takes too long"),
    "memory without end": ("const a = []; for (;;) a.push('x'.repeat(1000) + a.length)", "memory|timeout"),
    "recursion": ("const f = () => f() + 1; f()", "stack"),
    "5 MB of bytes": ("return { fPort: 1, bytes: new Array(5000000).fill(1) }", "output|memory|timeout"),
    "a warning of 5 MB": ("return { fPort: 1, bytes: [1], warnings: ['x'.repeat(5000000)] }", "output"),
    "a promise": ("return Promise.resolve({ fPort: 1, bytes: [1] })", "shape: returned a promise"),
    "nothing": ("", "shape: encodeDownlink must return an object"),
    "a number": ("return 5", "shape: encodeDownlink must return an object"),
    "no bytes": ("return { fPort: 1 }", "shape: encodeDownlink must return `bytes`"),
    "bytes as text": ("return { fPort: 1, bytes: '0102' }", "shape: encodeDownlink must return `bytes`"),
    "bytes as an object": ("return { fPort: 1, bytes: { 0: 1 } }", "shape: encodeDownlink must return `bytes`"),
    "a byte of 256": ("return { fPort: 1, bytes: [256] }", "shape: encodeDownlink must return `bytes`"),
    "a byte of -1": ("return { fPort: 1, bytes: [-1] }", "shape: encodeDownlink must return `bytes`"),
    "half a byte": ("return { fPort: 1, bytes: [1.5] }", "shape: encodeDownlink must return `bytes`"),
    "a byte that is no number": ("return { fPort: 1, bytes: [NaN] }", "shape: encodeDownlink must return `bytes`"),
    "a byte of yes": ("return { fPort: 1, bytes: [true] }", "shape: encodeDownlink must return `bytes`"),
    "no byte at all": ("return { fPort: 1, bytes: [] }", "must return from 1 to 242 bytes"),
    "more bytes than a frame has": ("return { fPort: 1, bytes: new Array(243).fill(1) }", "from 1 to 242 bytes"),
    "fPort 0": ("return { fPort: 0, bytes: [1] }", "shape: encodeDownlink must return `fPort`"),
    "fPort 224": ("return { fPort: 224, bytes: [1] }", "must return `fPort`, from 1 to 223"),
    "fPort 256": ("return { fPort: 256, bytes: [1] }", "shape: encodeDownlink must return `fPort`"),
    "fPort as text": ("return { fPort: '1', bytes: [1] }", "shape: encodeDownlink must return `fPort`"),
    "no fPort": ("return { bytes: [1] }", "must return `fPort`, from 1 to 223"),
    "errors of its own": ("return { errors: ['too soon'], fPort: 1, bytes: [1] }", "refused: too soon"),
    "an exception": ("throw new Error('no')", "exception: Error: no"),
}


def model(body, *, module=True):
    source = f"function decodeUplink(input) {{ return {{ data: {{}} }} }}\nfunction encodeDownlink(input) {{ {body} }}"
    script = Script(source=source, module=module)
    return ScriptedModel(key="acme-bay", version=1, script=script, table=parse_mapping(MAPPING))


@pytest.mark.parametrize("module", [True, False], ids=["module", "script"])
async def test_a_command_becomes_the_frame_that_its_codec_writes(running, noon, module):
    async with running() as runner:
        encoded = await encode_command(runner, model(FINE, module=module), TEN_MINUTES, at=noon)

    assert (encoded.f_port, encoded.payload) == (3, bytes([1, 10]))


async def test_the_clock_of_a_command_is_when_it_was_asked_for(running, noon):
    body = "return { fPort: 1, bytes: [new Date().getUTCHours(), new Date().getUTCMinutes()] }"
    async with running() as runner:
        encoded = await encode_command(runner, model(body), TEN_MINUTES, at=noon)

    assert [*encoded.payload] == [noon.hour, noon.minute]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_codec_writes_no_frame_and_the_next_one_does(running, noon, name):
    body, says = HOSTILE[name]
    async with running() as runner:
        with pytest.raises(CommandRefusedError, match=says):
            await encode_command(runner, model(body), TEN_MINUTES, at=noon)
        encoded = await encode_command(runner, model(FINE), TEN_MINUTES, at=noon)

    assert encoded.payload == bytes([1, 10])


async def test_a_codec_without_the_function_says_so(running, noon):
    lost = ScriptedModel(
        key="acme-bay", version=1, script=Script(source="function decodeUplink() {}"), table=parse_mapping(MAPPING)
    )
    async with running() as runner:
        with pytest.raises(CommandRefusedError, match="there is no function encodeDownlink"):
            await encode_command(runner, lost, TEN_MINUTES, at=noon)


async def test_a_command_that_the_mapping_does_not_have_never_reaches_the_codec(running, noon):
    async with running() as runner:
        with pytest.raises(CommandRefusedError, match="it takes set-reporting-interval"):
            await encode_command(runner, model(FINE), Reboot(), at=noon)
        with pytest.raises(CommandRefusedError, match="multiple of 60"):
            await encode_command(runner, model(FINE), SetReportingInterval(seconds=61), at=noon)
        assert runner.pid is None
