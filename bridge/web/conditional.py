"""Conditional requests and content coding for a published document: RFC 9110 12.5.3 and 13, rulebook H6 and H11."""

from collections.abc import Sequence
from datetime import datetime

from werkzeug.http import parse_date, parse_etags

_GZIP_SUFFIX = (
    "-gzip"  # another coding is another representation, with a strong validator of its own
)
_NONE = ("0", "0.", "0.0", "0.00", "0.000")  # RFC 9110 12.4.2


def wants_gzip(accept_encoding: str) -> bool:
    """Whether the client asked for gzip; one that says nothing, or only "*", gets the plain bytes (rulebook H11)."""
    for offer in accept_encoding.lower().split(","):
        coding, _, parameter = offer.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            name, _, weight = parameter.partition("=")
            return not (name.strip() == "q" and weight.strip() in _NONE)
    return False


def entity_tags(etag: str, *, gzip: bool) -> tuple[str, str]:
    """Give the ETags of both representations, without quotes, the one to be sent first."""
    return (etag + _GZIP_SUFFIX, etag) if gzip else (etag, etag + _GZIP_SUFFIX)


def held_tag(
    if_none_match: str | None,
    if_modified_since: str | None,
    tags: Sequence[str],
    modified_at: datetime,
) -> str | None:
    """Give the ETag of the copy that the client holds, if it is still right; None when it needs the bytes.

    If-None-Match is compared weakly, since a proxy may have weakened the tag, and wins over If-Modified-Since. Either
    coding counts, for the content is the same; the tag that matched is the one a cache can update its copy by.
    """
    if if_none_match is None:
        since = parse_date(if_modified_since)
        return (
            tags[0] if since is not None and modified_at.replace(microsecond=0) <= since else None
        )
    for tag in tags:
        if if_none_match == f'"{tag}"':
            return tag
    listed = parse_etags(if_none_match)
    return next((tag for tag in tags if listed.contains_weak(tag)), None)
