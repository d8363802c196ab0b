"""A frame as a DATEX II v3 VmsPublication: what a variable message sign is set to, for traffic management centres.

The sign is a controller with one VMS, whose table a `VmsTablePublication` would describe under the same ids. A blank or
expired sign has the working status `blank` and no lines. Validated against the XSD of D2Payload 3.1.
"""

from xml.etree import ElementTree as Xml

from domain.times import rfc3339
from signage.frame import Frame
from signage.renderings.phrases import is_expired, shown_lines

_SCHEMA = "http://datex2.eu/schema/3/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
TABLE_ID = "signs"


def render_datex2(frame: Frame, *, country: str, publisher: str) -> bytes:
    """The publication; `country` is ISO 3166-1 alpha-2 in lower case, `publisher` names whose signs these are."""
    payload = Xml.Element(
        "d2:payload",
        {
            "xmlns:d2": f"{_SCHEMA}d2Payload",
            "xmlns:vms": f"{_SCHEMA}vms",
            "xmlns:com": f"{_SCHEMA}common",
            "xmlns:xsi": _XSI,
            "xsi:type": "vms:VmsPublication",
            "lang": frame.languages[0],
            "modelBaseVersion": "3",
        },
    )
    _text(payload, "com:publicationTime", rfc3339(frame.generated_at))
    creator = Xml.SubElement(payload, "com:publicationCreator")
    _text(creator, "com:country", country)
    _text(creator, "com:nationalIdentifier", publisher)
    header = Xml.SubElement(payload, "vms:headerInformation")
    _text(header, "com:confidentiality", "noRestriction")
    _text(header, "com:informationStatus", "real")
    controller = Xml.SubElement(payload, "vms:vmsControllerStatus")
    _reference(controller, "vms:vmsControllerTableReference", "vms:VmsControllerTable", TABLE_ID, frame)
    _reference(controller, "vms:vmsControllerReference", "vms:VmsController", frame.sign_id, frame)
    _text(controller, "vms:statusUpdateTime", rfc3339(frame.as_of))
    indexed = Xml.SubElement(controller, "vms:vmsStatus", {"vmsIndex": "0"})
    _status(Xml.SubElement(indexed, "vms:vmsStatus"), frame)
    Xml.indent(payload)
    document: bytes = Xml.tostring(payload, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _status(status: Xml.Element, frame: Frame) -> None:
    blank = is_expired(frame) or not frame.lit
    _text(status, "vms:statusUpdateTime", rfc3339(frame.as_of))
    _text(status, "vms:workingStatus", "blank" if blank else "working")
    indexed = Xml.SubElement(status, "vms:vmsMessage", {"messageIndex": "0"})
    message = Xml.SubElement(indexed, "vms:vmsMessage")
    _text(message, "vms:setBySystem", "true")
    _text(message, "vms:timeLastSet", rfc3339(frame.as_of))
    area = Xml.SubElement(message, "vms:displayAreaSettings", {"displayAreaIndex": "0"})
    settings = Xml.SubElement(area, "vms:displayAreaSettings", {"xsi:type": "vms:TextDisplay"})
    _text(settings, "vms:isBlank", "true" if blank else "false")
    if not blank:
        rows = [frame.title, *(f"{line.label} {line.display}" for line in shown_lines(frame))]
        for index, row in enumerate([*rows, *([frame.message] if frame.message else [])]):
            _line(settings, index, row, frame.languages[0])


def _line(settings: Xml.Element, index: int, row: str, language: str) -> None:
    indexed = Xml.SubElement(settings, "vms:textLine", {"lineIndex": str(index)})
    line = Xml.SubElement(indexed, "vms:textLine", {"lineLanguage": language})
    _text(line, "vms:textLine", row)


def _reference(parent: Xml.Element, name: str, target: str, record_id: str, frame: Frame) -> None:
    version = str(frame.layout_version)
    Xml.SubElement(parent, name, {"targetClass": target, "id": record_id, "version": version})


def _text(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = text
