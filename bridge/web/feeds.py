"""Published feeds with the headers that calendar programs need (HTTP rulebook H1-H21).

They are answered before Flask: nearly all requests are polls without news, for which Flask would
take ten times as long.
"""

from dataclasses import replace
from functools import lru_cache
import gzip
import hashlib
import re
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.http import http_date

from bridge.feed.document import join_document
from bridge.feed.publication import Entry
from bridge.store.publications import Head
from bridge.web.context import Access, Web
from bridge.web.error_responses import Headers, WsgiResponse
from bridge.web.feed_request import FeedRequest
from bridge.web.usage import program_name

PATHS = re.compile(r"/(?:feeds|f/([^/]+))/([^/]+)(?:/([^/]+))?\.ics")
_UID = re.compile(r"[!-~]{1,255}")
_LONGEST_FILE_NAME = 100
_METHODS = ("GET", "HEAD", "OPTIONS")
_CACHE = "max-age=900, stale-while-revalidate=86400, stale-if-error=604800"


def is_poll(path: str) -> bool:
    """Return whether a path is that of a published feed or event."""
    return PATHS.fullmatch(path) is not None


class Feeds:
    """The responses to requests for feeds and their events."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def respond(
        self, environ: WSGIEnvironment, token: str | None, slug: str, uid: str | None
    ) -> WsgiResponse:
        """Answer a request for a feed or for one of its events."""
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        if method == "OPTIONS":
            return WsgiResponse("204 No Content", [("Allow", ", ".join(_METHODS))], b"")
        request = FeedRequest(environ)
        access, head = self._web.open_feed(slug, token, request.variant)
        if uid is not None:
            return self._event(request, access, head, uid)
        selected = None
        if access.selection is not None:
            selected = self._web.selected_documents.get(access.selection, head, request.variant)
            head = selected.head
        link = access.link.token_hash if access.link else ""
        tag = request.current_etag(head)
        if tag is not None:
            self._count(request, slug, link, unchanged=True)
            return _not_modified(request, head, tag)
        if selected is not None:
            data = selected.gzip if request.gzip else selected.body
        else:
            document = self._web.documents.get(slug, request.variant, head.etag, gzip=request.gzip)
            if document is None:
                raise NotFound
            data = document.data
            # The document may be newer than the head.
            head = replace(head, etag=document.etag, modified_at=document.modified_at)
        self._count(request, slug, link, unchanged=False)
        return _ok(request, head, data, name=slug)

    def _event(self, request: FeedRequest, access: Access, head: Head, uid: str) -> WsgiResponse:
        """Answer with one event, a series with all its exceptions, from its published bytes."""
        store = self._web.store
        entry = store.publications.entry(head.slug, uid) if _UID.fullmatch(uid) else None
        body = event_document(entry, request.variant) if entry else None
        if entry is None or body is None or not self._web.shows(access, uid):
            raise NotFound
        head = replace(head, etag=hashlib.sha256(body).hexdigest(), modified_at=entry.changed_at)
        tag = request.current_etag(head)
        if tag is not None:
            return _not_modified(request, head, tag)
        items = self._web.store.agenda.of(head.slug, [uid]).get(uid, ())
        title = next((item.name for item in items), "")
        data = gzip.compress(body, mtime=0) if request.gzip else body
        return _ok(request, replace(head, title=title), data, name=f"{head.slug}-event")

    def _count(self, request: FeedRequest, slug: str, link: str, *, unchanged: bool) -> None:
        """Count a poll; a HEAD is none."""
        if request.method == "GET":
            program = program_name(request.user_agent)
            self._web.usage.count_poll(slug, link, program, unchanged=unchanged)


def event_document(entry: Entry, variant: str) -> bytes | None:
    """Return a VCALENDAR of an event's stored bytes and the VTIMEZONEs that they use.

    The variant ``web`` has the event's occurrences in UTC; None if the feed's window has none. All
    other variants are the event with its reminders.
    """
    blob, zones = (entry.web_blob, []) if variant == "web" else (entry.blob, entry.zones.split())
    if not blob:
        return None
    return join_document([blob], title="", zones=zones, single=True)


def _not_modified(request: FeedRequest, head: Head, tag: str) -> WsgiResponse:
    return WsgiResponse("304 Not Modified", _validators(head, request.variant, tag), b"")


def _ok(request: FeedRequest, head: Head, body: bytes, *, name: str) -> WsgiResponse:
    headers = [
        ("Content-Type", "text/calendar; charset=utf-8"),
        ("Content-Disposition", _disposition(head.title, name, download=request.download)),
        *_validators(head, request.variant, request.etags(head)[0]),
    ]
    if request.gzip:
        headers.append(("Content-Encoding", "gzip"))
    return WsgiResponse("200 OK", headers, body)


@lru_cache(maxsize=1024)
def _validators(head: Head, variant: str, tag: str) -> Headers:
    """Return the headers that a 200 and a 304 have in common (RFC 9110 15.4.5)."""
    headers = [
        ("ETag", f'"{tag}"'),
        ("Last-Modified", http_date(head.modified_at)),
        ("Cache-Control", f"{'public' if head.public else 'private'}, {_CACHE}"),
        ("Vary", "Accept-Encoding"),
    ]
    if variant == "web":  # pages of other origins fetch it (rulebook H19)
        headers.append(("Access-Control-Allow-Origin", "*"))
    return tuple(headers)


def _disposition(title: str, name: str, *, download: bool) -> str:
    """Name the file, also beyond ASCII (RFC 6266, RFC 8187); Google refuses attachments (H13)."""
    title = " ".join(title.split())[:_LONGEST_FILE_NAME] or name
    title = quote(title, safe="", errors="replace")
    kind = "attachment" if download else "inline"
    return f"{kind}; filename=\"{name}.ics\"; filename*=UTF-8''{title}.ics"
