"""The feeds themselves: published bytes with the headers that calendar programs need (HTTP rulebook H1-H21).

They are answered before Flask is asked: a poll that finds nothing new is most of what the bridge is asked for, and
Flask would take ten times as long.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
import gzip
import hashlib
import re
from urllib.parse import parse_qsl, quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.http import http_date

from bridge.errors import StoreError
from bridge.store.filters import is_filter
from bridge.store.publications import Head
from bridge.web import event_document as event
from bridge.web.conditional import entity_tags, held_tag, wants_gzip
from bridge.web.context import Web
from bridge.web.errors import GUARDS, Answer, Headers, refusal, unreadable
from bridge.web.user_agents import program

_ADDRESS = re.compile(r"/(?:feeds|f/([^/]+))/([^/]+)(?:/([^/]+))?\.ics")
_UID = re.compile(r"[!-~]{1,255}")
_METHODS = ("GET", "HEAD", "OPTIONS")
_CACHE = "max-age=900, stale-while-revalidate=86400, stale-if-error=604800"


class Feeds:
    """The WSGI app that answers the addresses of feeds, and hands all others on."""

    def __init__(self, shared: Web, others: WSGIApplication) -> None:
        self._web = shared
        self._others = others

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with whole bytes and their length: nothing is streamed, so nobody who reads slowly holds a thread."""
        address = _ADDRESS.fullmatch(environ["PATH_INFO"])
        if address is None:
            return self._others(environ, start_response)
        try:
            answer = self._answer(environ, *address.groups())
        except HTTPException as error:
            answer = refusal(error)
        except StoreError as error:
            answer = unreadable(error)
        headers = [*answer.headers, *GUARDS]
        if answer.body:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(answer.status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _answer(
        self, environ: WSGIEnvironment, token: str | None, slug: str, uid: str | None
    ) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        if method == "OPTIONS":
            return Answer("204 No Content", [("Allow", ", ".join(_METHODS))], b"")
        request = _Asked(environ)
        if token is not None and is_filter(token):
            return self._chosen(request, slug, token, uid)
        if uid is None:
            return self._feed(request, slug, token)
        _, head = self._web.opened_head(slug, token, request.variant)
        return self._event(request, head, uid)

    def _feed(self, asked: "_Asked", slug: str, token: str | None) -> Answer:
        link, head = self._web.opened_head(slug, token, asked.variant)
        tag = asked.held_tag(head)
        if tag is not None:
            self._count(asked, head.slug, link, unchanged=True)
            return self._unchanged(head, asked.variant, tag)
        sent = self._web.documents.get(head.slug, asked.variant, head.etag, gzip=asked.gzip)
        if sent is None:
            raise NotFound
        if sent.etag != head.etag:  # published since the head was read
            head = replace(head, etag=sent.etag, modified_at=sent.modified_at)
        self._count(asked, head.slug, link, unchanged=False)
        return self._whole(asked, head, sent.data, name=head.slug)

    def _chosen(self, asked: "_Asked", slug: str, token: str, uid: str | None) -> Answer:
        """Answer with what someone chose of a feed, or with one event of it; the rest can't be reached from there."""
        filtered = self._web.chosen.opened(slug, token)
        made = self._web.chosen.get(filtered, asked.variant)
        if uid is not None:
            if not _UID.fullmatch(uid) or not self._web.store.agenda.matches(
                filtered.slug, uid, filtered.choice
            ):
                raise NotFound
            return self._event(asked, made.head, uid)
        tag = asked.held_tag(made.head)
        link = filtered.link.token_hash if filtered.link else ""
        self._count(asked, filtered.slug, link, unchanged=tag is not None)
        if tag is not None:
            return self._unchanged(made.head, asked.variant, tag)
        return self._whole(asked, made.head, made.data(coded=asked.gzip), name=filtered.slug)

    def _event(self, asked: "_Asked", head: Head, uid: str) -> Answer:
        """Join the document of one event, a series with all that belongs to it, from its published bytes."""
        entry = self._web.store.publications.entry(head.slug, uid) if _UID.fullmatch(uid) else None
        body = event.document(entry, asked.variant) if entry else None
        if entry is None or body is None:
            raise NotFound
        head = replace(head, etag=hashlib.sha256(body).hexdigest(), modified_at=entry.changed_at)
        tag = asked.held_tag(head)
        if tag is not None:
            return self._unchanged(head, asked.variant, tag)
        sent = gzip.compress(body, mtime=0) if asked.gzip else body
        return self._whole(asked, head, sent, name=f"{head.slug}-event")

    def _count(self, asked: "_Asked", slug: str, link: str, *, unchanged: bool) -> None:
        """Count a poll; a HEAD is a look, not a poll."""
        if asked.method == "GET":
            self._web.uses.polled(slug, link, program(asked.user_agent), unchanged=unchanged)

    def _unchanged(self, head: Head, variant: str, tag: str) -> Answer:
        return Answer("304 Not Modified", _validators(head, variant, tag), b"")

    def _whole(self, asked: "_Asked", head: Head, body: bytes, *, name: str) -> Answer:
        tag = entity_tags(head.etag, gzip=asked.gzip)[0]
        headers = [
            ("Content-Type", "text/calendar; charset=utf-8"),
            ("Content-Disposition", _disposition(head.title, name, download=asked.download)),
            *_validators(head, asked.variant, tag),
        ]
        if asked.gzip:
            headers.append(("Content-Encoding", "gzip"))
        return Answer("200 OK", headers, body)


class _Asked:
    """What a request says besides its address; a flavour or switch that is unknown changes nothing."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ
        self.method = environ["REQUEST_METHOD"]
        self.user_agent = environ.get("HTTP_USER_AGENT", "")
        self.gzip = wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        self.variant = "default"
        self.download = False
        if environ.get("QUERY_STRING"):
            query = dict(
                reversed(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
            )  # the first of a name
            self.download = query.get("download", "0") != "0"
            if query.get("flavour") == "web":
                self.variant = "web"
            elif query.get("alarms") == "off":
                self.variant = "quiet"

    def held_tag(self, head: Head) -> str | None:
        """Give the ETag of the client's copy if it still is what ``head`` tells of."""
        known, since = (
            self._environ.get("HTTP_IF_NONE_MATCH"),
            self._environ.get("HTTP_IF_MODIFIED_SINCE"),
        )
        return held_tag(known, since, entity_tags(head.etag, gzip=self.gzip), head.modified_at)


@lru_cache(maxsize=1024)
def _validators(head: Head, variant: str, tag: str) -> Headers:
    """Give the headers that a 200 and a 304 have in common (RFC 9110 15.4.5)."""
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
    """Name the file, also beyond ASCII (RFC 6266, RFC 8187); inline, for Google refuses what is a download (H13)."""
    title = quote(" ".join(title.split()) or name, safe="", errors="replace")
    return f"{'attachment' if download else 'inline'}; filename=\"{name}.ics\"; filename*=UTF-8''{title}.ics"
