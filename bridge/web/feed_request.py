"""Requests for a feed: variant, content coding, and whether the client's copy is current.

RFC 9110 12.5.3 and 13, rulebook H6 and H11.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from werkzeug.http import parse_date, parse_etags

from bridge.store.publications import Head

# Another coding is another representation, with a strong validator of its own.
_GZIP_SUFFIX = "-gzip"
_ZERO_WEIGHTS = ("0", "0.", "0.0", "0.00", "0.000")  # RFC 9110 12.4.2


class FeedRequest:
    """A request for a feed, besides its address; unknown flavours and switches are ignored."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.method = environ["REQUEST_METHOD"]
        self.user_agent = environ.get("HTTP_USER_AGENT", "")
        self.gzip = accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        self.variant = "default"
        self.download = False
        self._if_none_match = environ.get("HTTP_IF_NONE_MATCH")
        self._if_modified_since = environ.get("HTTP_IF_MODIFIED_SINCE")
        if environ.get("QUERY_STRING"):
            pairs = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
            query = dict(reversed(pairs))  # the first value of a name counts
            self.download = query.get("download", "0") != "0"
            if query.get("flavour") == "web":
                self.variant = "web"
            elif query.get("alarms") == "off":
                self.variant = "quiet"

    def etags(self, head: Head) -> Sequence[str]:
        """Return the ETags of both codings without quotes, first that of the requested coding."""
        tags = (head.etag, head.etag + _GZIP_SUFFIX)
        return tags[::-1] if self.gzip else tags

    def current_etag(self, head: Head) -> str | None:
        """Return the ETag of the client's copy if that is current, else None.

        If-None-Match is compared weakly, since a proxy may have weakened the tag, and wins over
        If-Modified-Since. The tag of either coding matches, for the content is the same; a cache
        updates its copy by the tag that matched.
        """
        tags = self.etags(head)
        if self._if_none_match is None:
            since = parse_date(self._if_modified_since)
            is_current = since is not None and head.modified_at.replace(microsecond=0) <= since
            return tags[0] if is_current else None
        for tag in tags:
            if self._if_none_match == f'"{tag}"':
                return tag
        listed = parse_etags(self._if_none_match)
        return next((tag for tag in tags if listed.contains_weak(tag)), None)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client names gzip; without a name, or with "*", it gets plain bytes (H11)."""
    for offer in accept_encoding.lower().split(","):
        coding, _, parameter = offer.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            name, _, weight = parameter.partition("=")
            return not (name.strip() == "q" and weight.strip() in _ZERO_WEIGHTS)
    return False
