"""What a codec cannot reach, and what it cannot change for the next frame, the next codec or the next year."""
# ruff: noqa: E501

import json

import pytest

from domain.errors import ScriptFault
from scripting.calls import DECODE_DOWNLINK, ENCODE, Call, Failed, Returned, Script

pytestmark = pytest.mark.anyio

POLLUTIONS = {
    "JSON": 'JSON.stringify = () => \'{"data":{"occupied":true}}\'; JSON.parse = () => ({ bytes: [1] });',
    "Object.prototype": "try { Object.prototype.occupied = true; Object.prototype.toJSON = () => 1 } catch {}",
    "Array.prototype": "try { Array.prototype.map = () => [1]; Array.prototype.join = () => '{}' } catch {}",
    "a getter on Object.prototype": "try { Object.defineProperty(Object.prototype, 'data', { get: () => 1 }) } catch {}",
    "an iterator": "try { [][Symbol.iterator]().__proto__.next = () => ({ done: true }) } catch {}",
    "Function.prototype": "try { Function.prototype.call = Function.prototype.apply = () => 1 } catch {}",
    "Promise": "globalThis.Promise = class { static [Symbol.hasInstance]() { return true } };",
    "Error": "try { Error.prepareStackTrace = () => { for (;;); } } catch {}",
    "the prototype of a prototype": "try { Object.setPrototypeOf(Array.prototype, { occupied: true }) } catch {}",
}


@pytest.mark.parametrize("name", POLLUTIONS)
async def test_nothing_that_a_codec_does_forges_its_next_answer(running, uplink, name):
    source = f"""
let calls = 0;
function decodeUplink(input) {{
  if (calls++ === 0) {{ {POLLUTIONS[name]} }}
  return {{ data: {{ occupied: (input.bytes[0] & 1) === 1 }} }};
}}
"""
    async with running() as runner:
        first, second = await runner.run([uplink(source), uplink(source, b"\x00")])

    assert isinstance(first, Returned), first
    assert second.value == {"data": {"occupied": False}}


async def test_codecs_share_nothing(running, uplink):
    writer = "globalThis.secret = 'mine'; function decodeUplink() { return { data: { secret: globalThis.secret } } }"
    reader = "function decodeUplink() { return { data: { secret: typeof globalThis.secret } } }"
    async with running() as runner:
        written, read = await runner.run([uplink(writer), uplink(reader)])

    assert written.value["data"]["secret"] == "mine"
    assert read.value["data"]["secret"] == "undefined"


async def test_a_context_in_which_anything_failed_is_not_used_again(running, uplink):
    source = """
let calls = 0;
function decodeUplink(input) {
  calls++;
  if (input.bytes[0] === 0) throw new Error("no");
  return { data: { calls } };
}
"""
    async with running() as runner:
        outcomes = await runner.run([uplink(source), uplink(source), uplink(source, b"\0"), uplink(source)])

    assert [outcome.value["data"]["calls"] for outcome in outcomes if isinstance(outcome, Returned)] == [1, 2, 1]


async def test_a_codec_that_remembers_can_be_run_so_that_it_forgets(running, uplink):
    source = "let calls = 0; function decodeUplink() { return { data: { calls: ++calls } } }"
    async with running() as runner:
        outcomes = await runner.run([uplink(Script(source=source, fresh=True))] * 3)

    assert [outcome.value["data"]["calls"] for outcome in outcomes] == [1, 1, 1]


async def test_nothing_of_the_machine_is_in_sight(decode):
    names = ["require", "process", "std", "os", "fetch", "XMLHttpRequest", "WebAssembly", "setTimeout", "scriptArgs",
             "performance", "Atomics", "SharedArrayBuffer", "WeakRef", "__run", "__handOver", "__watch"]  # fmt: skip
    told = await decode(f"""
function decodeUplink() {{
  const outside = (() => {{}}).constructor.constructor("return this")();
  const found = {json.dumps(names)}.filter((name) => name in outside || name in globalThis);
  return {{ data: {{ found, same: outside === globalThis }} }};
}}""")

    assert told.value["data"] == {"found": [], "same": True}


async def test_a_module_cannot_be_loaded_while_decoding(decode):
    told = await decode("let seen = 'nothing'; import('os').then((m) => { seen = 'os' }, () => {});"
                        "function decodeUplink() { return { data: { seen } } }")  # fmt: skip

    assert told.value["data"]["seen"] == "nothing"


async def test_the_worker_has_no_variable_of_ours_and_no_way_to_a_file_or_socket(running, uplink, good, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", "postgresql://secret")
    from pathlib import Path

    async with running() as runner:
        await runner.run([uplink(good)])
        process = Path("/proc") / str(runner.pid)
        limits = (process / "limits").read_text().splitlines()
        status = (process / "status").read_text()
        most = {line[:25].strip(): line[26:].split()[0] for line in limits}

    assert most["Max open files"] == "3"
    assert most["Max file size"] == most["Max processes"] == most["Max core file size"] == "0"
    assert int(most["Max address space"]) == 1024**3
    assert "NoNewPrivs:\t1" in status


async def test_the_worker_is_given_its_own_environment(monkeypatch):
    from scripting import worker_process

    monkeypatch.setenv("SMARTPLACE_SESSION_KEY", "secret")
    assert not [name for name in worker_process._ENVIRONMENT if name.startswith("SMARTPLACE")]
    assert "secret" not in worker_process._ENVIRONMENT.values()


CLOCK = """
function decodeUplink(input) {
  return { data: {
    same: new Date().getTime() === input.recvTime.getTime() && Date.now() === +input.recvTime,
    is: input.recvTime instanceof Date && new Date() instanceof Date && new Date(0).constructor === Date,
    at: new Date(), text: typeof Date(), early: new Date(2020, 0, 1).toISOString(), zone: new Date().getTimezoneOffset(),
    random: [Math.random(), Math.random()],
  } };
}
"""


async def test_the_clock_stands_still_and_chance_repeats_itself(running, uplink):
    async with running() as runner:
        outcomes = await runner.run([uplink(CLOCK), uplink(CLOCK), uplink(Script(source=CLOCK, module=False))])

    first = outcomes[0].value["data"]
    assert [outcome.value["data"] for outcome in outcomes] == [first] * 3
    assert (first["same"], first["is"], first["zone"]) == (True, True, 0)
    assert first["at"] == "2026-09-21T14:13:20.000Z"
    assert first["early"] == "2020-01-01T00:00:00.000Z"
    assert first["random"][0] != first["random"][1]
    assert all(0 <= number < 1 for number in first["random"])


async def test_a_failure_names_its_line(decode):
    told = await decode(
        "function inner(value) {\n  return value.a.b;\n}\n\nfunction decodeUplink() {\n  return inner({});\n}"
    )

    assert told == Failed(
        fault=ScriptFault.EXCEPTION, detail="TypeError: cannot read property 'b' of undefined", line=2
    )


async def test_a_failure_in_a_shim_names_the_line_that_called_it(decode):
    told = await decode("function decodeUplink() {\n\n  return Buffer.from('00', 'nonsense');\n}")

    assert (told.fault, told.line) == (ScriptFault.EXCEPTION, 3)


async def test_sloppy_scripts_run_as_scripts_and_not_as_modules(running, uplink):
    sloppy = "function decodeUplink(input) { for (i = 0; i < 3; i++); return { data: { i: i, octal: 010 } } }"
    async with running() as runner:
        strict, loose = await runner.run([uplink(sloppy), uplink(Script(source=sloppy, module=False))])

    assert strict.fault is ScriptFault.LOAD
    assert loose.value["data"] == {"i": 3, "octal": 8}


@pytest.mark.parametrize(
    "source",
    [
        "exports.decodeUplink = (input) => ({ data: { n: input.bytes[0] } });",
        "module.exports = { decodeUplink(input) { return { data: { n: input.bytes[0] } } } };",
        "export function decodeUplink(input) { return { data: { n: input.bytes[0] } } }",
        "const decodeUplink = (input) => ({ data: { n: input.bytes[0] } })  // no semicolon",
    ],
)
async def test_the_function_is_found_however_it_is_exported(decode, source):
    assert (await decode(source, b"\x2a")).value["data"] == {"n": 42}


async def test_downlinks_are_encoded_and_decoded_in_their_shapes(running):
    script = Script(
        source="""
function encodeDownlink(input) { return { bytes: [1, input.data.minutes], fPort: 2, warnings: ["restarts"] } }
function decodeDownlink(input) { return { data: { minutes: input.bytes[1] } } }
"""
    )
    encode = Call(script=script, function=ENCODE, input={"data": {"minutes": 30}}, at_ms=0)
    decode = Call(script=script, function=DECODE_DOWNLINK, input={"bytes": [1, 30], "fPort": 2}, at_ms=0)
    async with running() as runner:
        encoded, decoded = await runner.run([encode, decode])

    assert encoded == Returned(value={"bytes": [1, 30], "fPort": 2, "warnings": ["restarts"]}, warnings=("restarts",))
    assert decoded.value == {"data": {"minutes": 30}}


@pytest.mark.parametrize(
    "answer", ["{ bytes: [256], fPort: 1 }", "{ bytes: [1], fPort: 0 }", "{ fPort: 1 }", "{ bytes: 'aa' }"]
)
async def test_a_downlink_that_could_not_be_sent_is_refused(running, answer):
    script = Script(source=f"function encodeDownlink() {{ return {answer} }}")
    async with running() as runner:
        (told,) = await runner.run([Call(script=script, function=ENCODE, input={"data": {}}, at_ms=0)])

    assert told.fault is ScriptFault.SHAPE


BUFFERS = {
    "Buffer.from([1, 255]).toString('hex')": "01ff",
    "Buffer.from('01FF', 'hex').readUInt16BE(0)": 0x01FF,
    "Buffer.from('01ff', 'hex').readUInt16LE(0)": 0xFF01,
    "Buffer.from([0xff, 0xfe]).readInt16BE(0)": -2,
    "Buffer.from([0, 0, 0x80, 0x3f]).readFloatLE(0)": 1.0,
    "Buffer.from([1, 2, 3]).readUIntBE(0, 3)": 0x010203,
    "Buffer.from([255, 255, 255]).readIntLE(0, 3)": -1,
    "Buffer.from('aGVsbG8=', 'base64').toString()": "hello",
    "Buffer.from('hello').toString('base64')": "aGVsbG8=",
    "Buffer.from('£€').toString('hex')": "c2a3e282ac",
    "Buffer.from([0xc2, 0xa3, 0xff, 0x41]).toString('utf8')": "£\ufffdA",
    "Buffer.from([65, 66, 67]).slice(1).toString('ascii')": "BC",
    "Buffer.concat([Buffer.from([1]), Buffer.alloc(2, 7)]).toString('hex')": "010707",
    "Buffer.from([1, 2]).equals(Buffer.from([1, 2])) && Buffer.isBuffer(Buffer.alloc(1))": True,
    "(() => { const b = Buffer.alloc(4); b.writeUInt16BE(258, 1); return b.toString('hex') })()": "00010200",
    "JSON.stringify(Buffer.from([1]))": '{"type":"Buffer","data":[1]}',
}


@pytest.mark.parametrize("expression", BUFFERS)
async def test_buffer_does_what_nodes_does(decode, expression):
    told = await decode(f"function decodeUplink() {{ return {{ data: {{ value: {expression} }} }} }}")

    assert told.value["data"]["value"] == BUFFERS[expression]
