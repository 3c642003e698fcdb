"""UIDs of events in the feeds (RFC 7986 5.3)."""

from datetime import datetime
import hashlib
import hmac
import uuid

from bridge.domain.event import Moment, to_utc

_UIDS = uuid.UUID("6a3b1c1e-52cf-5b0f-9d4e-0c8f7f5d2a61")


def event_uid(*parts: str, slot: Moment | None = None) -> str:
    """Return the bridge's UID for an upstream id. It never changes and names no host or person.

    ``parts`` are the upstream ids from the product inwards (``"calendar", calendar uid, event
    uid``). ``slot`` is the original start of an instance that stands alone. The UID is a
    name-based UUID (RFC 9562 5.5, RFC 7986 5.3; rulebook 18, 19).
    """
    name = "\n".join(parts)
    return str(uuid.uuid5(_UIDS, name if slot is None else f"{name}\n{slot_text(slot)}"))


def hidden_uid(uid: str, salt: str) -> str:
    """Return the UID of an event whose details a feed hides: without the salt it names no event.

    It is an HMAC in the form of a random UUID (RFC 9562 5.4).
    """
    digest = hmac.digest(salt.encode(), uid.encode(), hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))


def slot_text(slot: Moment) -> str:
    """Return an original start as text, the same for the same instant in any zone."""
    if isinstance(slot, datetime):
        return to_utc(slot).strftime("%Y%m%dT%H%M%SZ")
    return slot.strftime("%Y%m%d")
