"""Pages for JavaScript codecs: what there is, uploading one, trying a frame, going back to an older version."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.codec_scripts import CodecDraft, Codecs, CodecVersion, DryRun, Upload
from domain.errors import StoreRefusedError, UnknownCodecError
from domain.live import Clock
from domain.places import AssetKind

UPLOAD = "/manage/codec-upload"

_SENSES = {
    AssetKind.BAY: "Parking bays",
    AssetKind.BENCH: "Benches",
    AssetKind.AREA: "Counted areas",
    AssetKind.GATE: "Gates",
}
_LONGEST_LINE = 100
_STARTING_MAPPING = """{
  "measurements": [
    {"path": "status", "key": "occupied", "values": {"occupied": true, "free": false}}
  ]
}"""
_STARTING_EXAMPLES = """[
  {"type": "uplink", "description": "a car arrives",
   "input": {"bytes": "01", "fPort": 1}, "output": {"data": {"status": "occupied"}}}
]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecForm:
    """The form as it was sent, so that nobody types anything twice."""

    model: str = ""
    vendor: str = ""
    name: str = ""
    senses: str = AssetKind.BAY.value
    heartbeat_minutes: str = "60"
    source: str = ""
    mapping: str = _STARTING_MAPPING
    examples: str = _STARTING_EXAMPLES

    @classmethod
    def of(cls, codec: CodecVersion) -> "CodecForm":
        """A version to begin the next one from."""
        draft = codec.draft
        return cls(
            model=draft.model,
            vendor=draft.vendor,
            name=draft.name,
            senses=draft.senses.value,
            heartbeat_minutes=str(int(draft.heartbeat.total_seconds() // 60)),
            source=draft.source,
            mapping=written(draft.mapping),
            examples=written(draft.examples),
        )

    def draft(self) -> CodecDraft:
        """As the shelf takes it; raises ValueError with a sentence that begins with the field."""
        if self.senses not in set(AssetKind):
            raise ValueError("senses: choose what it watches")
        digits = self.heartbeat_minutes.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) < 8):
            raise ValueError("heartbeat: a number of minutes")
        return CodecDraft(
            model=self.model.strip(),
            vendor=self.vendor.strip(),
            name=self.name.strip(),
            senses=AssetKind(self.senses),
            heartbeat=timedelta(minutes=int(digits)),
            # Browsers send the ends of lines of a form as CR LF.
            source=self.source.replace("\r\n", "\n"),
            mapping=_read(self.mapping, "mapping"),
            examples=_read(self.examples, "examples"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameForm:
    """A frame to try, as it was typed; empty where there is none."""

    f_port: str = ""
    payload: str = ""
    version: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecPages:
    """Renders the shelf of codecs, to those who have logged in."""

    codecs: Codecs
    now: Clock
    login: Login
    templates: Templates
    words: dict[str, object] = field(default_factory=lambda: {"senses": _SENSES, "written": written, "value": shown})

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/codecs", self.every, methods=["GET"])
        router.add_api_route(UPLOAD, self.ask, methods=["GET"])
        router.add_api_route(UPLOAD, self.upload, methods=["POST"], response_model=None)
        router.add_api_route("/manage/codecs/{model}", self.one, methods=["GET"])
        router.add_api_route("/manage/codecs/{model}/active", self.activate, methods=["POST"], response_model=None)
        router.add_api_route("/manage/codecs/{model}/{version}", self.version, methods=["GET"])
        return router

    async def every(self) -> HTMLResponse:
        """The active version of each."""
        versions = await self.codecs.all()
        counts = {
            codec.draft.model: sum(one.draft.model == codec.draft.model for one in versions) for codec in versions
        }
        active = [codec for codec in versions if codec.is_active]
        return self._page("codecs.html", codecs=active, counts=counts)

    async def ask(self, model: str = "") -> HTMLResponse:
        """The form: empty, or with what is active of a model."""
        form = CodecForm()
        if model:
            try:
                form = CodecForm.of(await self.codecs.version(model))
            except UnknownCodecError:
                return self._not_there(model)
        return self._form(form)

    async def upload(self, request: Request) -> Response:
        """Try it on its examples; keep it if that was asked for."""
        sent = await request.form()
        form = CodecForm(**{entry.name: str(sent.get(entry.name, "")) for entry in fields(CodecForm)})
        dry_run = sent.get("action") != "keep"
        try:
            told = await self.codecs.upload(form.draft(), by=self.login.username, dry_run=dry_run)
        except (ValueError, StoreRefusedError) as error:
            return self._form(form, Upload(version=None, problems=(str(error),), examples=()))
        if told.version is None:
            return self._form(form, told)
        query = urlencode({"uploaded": told.version})
        return RedirectResponse(f"/manage/codecs/{form.model.strip()}?{query}", status_code=303)

    async def one(
        self,
        model: str,
        f_port: str = "",
        payload: str = "",
        version: str = "",
        uploaded: Annotated[int | None, Query(ge=1, lt=2**15)] = None,
    ) -> HTMLResponse:
        """A codec, its versions, and what a frame would mean to it."""
        versions = [codec for codec in await self.codecs.all() if codec.draft.model == model]
        if not versions:
            return self._not_there(model)
        frame, run = await self._try(model, FrameForm(f_port=f_port, payload=payload, version=version))
        return self._page(
            "codec.html",
            status_code=422 if frame.problem else 200,
            codec=next((codec for codec in versions if codec.is_active), versions[0]),
            versions=versions,
            activations=await self.codecs.activations(model),
            frame=frame,
            run=run,
            output=written(run.output) if run and run.output is not None else "",
            uploaded=uploaded,
        )

    async def version(self, model: str, version: Annotated[int, Path(ge=1, lt=2**15)]) -> HTMLResponse:
        """The source, the mapping and the examples of one version."""
        try:
            codec = await self.codecs.version(model, version)
        except UnknownCodecError:
            return self._not_there(model)
        return self._page("codec_version.html", codec=codec)

    async def activate(self, model: str, version: Annotated[int, Form(ge=1, lt=2**15)]) -> Response:
        """Let another version read frames."""
        try:
            await self.codecs.activate(model, version, by=self.login.username)
        except UnknownCodecError:
            return self._not_there(model)
        return RedirectResponse(f"/manage/codecs/{model}", status_code=303)

    async def _try(self, model: str, frame: FrameForm) -> tuple[FrameForm, DryRun | None]:
        if not frame.f_port and not frame.payload:
            return frame, None
        try:
            f_port, octets, version = _frame(frame)
            return frame, await self.codecs.try_out(model, version, f_port=f_port, payload=octets, at=self.now())
        except (ValueError, UnknownCodecError) as error:
            return replace(frame, problem=str(error)), None

    def _form(self, form: CodecForm, told: Upload | None = None) -> HTMLResponse:
        refused = told is not None and (told.problems or not all(result.passed for result in told.examples))
        return self._page(
            "codec_new.html", status_code=422 if refused else 200, form=asdict(form), told=told, refused=refused
        )

    def _page(self, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        return self.templates.page(template, status_code=status_code, now=self.now(), words=self.words, **values)

    def _not_there(self, model: str) -> HTMLResponse:
        return self.templates.problem(404, "There is no such codec", f"No JavaScript codec reads {model[:80]!r}.")


def written(document: object, indent: str = "") -> str:
    """JSON for people: what fits into a line stands in one."""
    line = json.dumps(document, ensure_ascii=False)
    if len(indent) + len(line) <= _LONGEST_LINE or not document or not isinstance(document, dict | list):
        return line
    inner = f"{indent}  "
    if isinstance(document, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {written(one, inner)}" for key, one in document.items()]
    else:
        parts = [written(one, inner) for one in document]
    opened, closed = "{}" if isinstance(document, dict) else "[]"
    return f"{opened}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closed}"


def shown(value: object) -> str:
    """A single value for people: texts as they are, the rest as the codec would write it."""
    return value if isinstance(value, str) else json.dumps(value)


def _read(text: str, name: str) -> object:
    try:
        document: object = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{name}: is no JSON: {error}") from error
    return document


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _frame(frame: FrameForm) -> tuple[int, bytes, int | None]:
    """The numbers in a form; raises ValueError with a sentence."""
    port, version = frame.f_port.strip(), frame.version.strip()
    if not (port.isascii() and port.isdigit() and len(port) <= 3 and int(port) <= 255):
        raise ValueError("fPort must be a number from 0 to 255")
    if version and not (version.isascii() and version.isdigit() and len(version) <= 5 and 0 < int(version) < 2**15):
        raise ValueError("there is no such version")
    try:
        octets = bytes.fromhex(frame.payload)
    except ValueError:
        raise ValueError("the bytes must be hexadecimal, such as 01 ff") from None
    if len(octets) > 256:
        raise ValueError("a frame has at most 256 bytes")
    return int(port), octets, int(version) if version else None
