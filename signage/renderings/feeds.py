"""A frame as RSS 2.0 and as Atom, for players that take nothing else. An entry for each line, and one for a message.

Neither form knows of expiry: `ttl` and the headers of the answer are all there is, so the time stands in every entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from xml.etree import ElementTree as Xml

from domain.sign_words import WORDS
from domain.times import rfc3339
from signage.frame import Frame
from signage.renderings.phrases import clock, is_expired, shown_lines, state_phrase

ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    title: str
    text: str


def render_rss(frame: Frame, *, address: str) -> bytes:
    """RSS 2.0; `address` is where the sign's page is."""
    rss = Xml.Element("rss", {"version": "2.0", "xmlns:atom": ATOM})
    channel = Xml.SubElement(rss, "channel")
    when = format_datetime(frame.as_of.astimezone(UTC), usegmt=True)
    self_link = {"href": f"{_api_address(frame, address)}.rss", "rel": "self", "type": "application/rss+xml"}
    for name, text in (("title", frame.title), ("link", address), ("description", frame.title)):
        Xml.SubElement(channel, name).text = text
    Xml.SubElement(channel, "language").text = frame.languages[0]
    Xml.SubElement(channel, "lastBuildDate").text = when
    Xml.SubElement(channel, "ttl").text = "1"
    Xml.SubElement(channel, "atom:link", self_link)
    for entry in _entries(frame):
        item = Xml.SubElement(channel, "item")
        Xml.SubElement(item, "title").text = entry.title
        Xml.SubElement(item, "description").text = entry.text
        Xml.SubElement(item, "link").text = address
        Xml.SubElement(item, "guid", {"isPermaLink": "false"}).text = _name(frame, entry)
        Xml.SubElement(item, "pubDate").text = when
    return _document(rss)


def render_atom(frame: Frame, *, address: str) -> bytes:
    """Atom (RFC 4287); `address` is where the sign's page is."""
    feed = Xml.Element("feed", {"xmlns": ATOM, "xml:lang": frame.languages[0]})
    when = rfc3339(frame.as_of)
    own_address = f"{_api_address(frame, address)}.atom"
    Xml.SubElement(feed, "id").text = f"urn:smartplace:sign:{frame.sign_id}"
    Xml.SubElement(feed, "title").text = frame.title
    Xml.SubElement(feed, "updated").text = when
    Xml.SubElement(Xml.SubElement(feed, "author"), "name").text = frame.title
    Xml.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": own_address})
    Xml.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": address})
    for entry in _entries(frame):
        element = Xml.SubElement(feed, "entry")
        Xml.SubElement(element, "id").text = _name(frame, entry)
        Xml.SubElement(element, "title").text = entry.title
        Xml.SubElement(element, "updated").text = when
        Xml.SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": address})
        Xml.SubElement(element, "content", {"type": "text"}).text = entry.text
    return _document(feed)


def _entries(frame: Frame) -> Iterator[_Entry]:
    """A message first: a ticker may begin with it. An expired frame has nothing but its message to say."""
    if frame.message:
        yield _Entry("message", frame.message, frame.message)
    if is_expired(frame):
        return
    for line in shown_lines(frame):
        said = f"{line.label}: {state_phrase(line, frame)}"
        yield _Entry(line.key, said, f"{said}, {WORDS[frame.languages[0]].as_at} {clock(frame.as_of)}")


def _name(frame: Frame, entry: _Entry) -> str:
    """Another one as soon as something else is said: readers show what they have not seen."""
    return f"urn:smartplace:sign:{frame.sign_id}:{frame.frame_id}:{entry.key}"


def _api_address(frame: Frame, address: str) -> str:
    return address.replace(f"/signs/{frame.sign_id}", f"/v1/signs/{frame.sign_id}/frame")


def _document(root: Xml.Element) -> bytes:
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
