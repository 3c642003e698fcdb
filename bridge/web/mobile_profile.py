"""Configuration profile of a feed, with which a device management adds it to iPhones and Macs.

Apple's Device Management, payload SubscribedCalendars (``com.apple.subscribedcalendar.account``).
"""

import plistlib
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs7
from flask import Blueprint, Response

from bridge.web.context import public_root, web

blueprint = Blueprint("mobile_profile", __name__)


@blueprint.get("/feeds/<slug>.mobileconfig")
@blueprint.get("/f/<token>/<slug>.mobileconfig")
def profile(slug: str, token: str | None = None) -> Response:
    """Return the profile of a feed, signed if a certificate is set (CMS, RFC 5652)."""
    _, head = web().open_feed(slug, token, "default")
    folder = "feeds" if token is None else f"f/{token}"
    url = f"{public_root()}/{folder}/{slug}.ics"
    account = {
        "PayloadType": "com.apple.subscribedcalendar.account",
        "SubCalAccountDescription": head.title,
        "SubCalAccountHostName": url,
        "SubCalAccountUseSSL": url.startswith("https:"),
    }
    payload = {
        "PayloadType": "Configuration",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [_identified(account, url, "account", head.title)],
    }
    data = plistlib.dumps(_identified(payload, url, "profile", head.title))
    if web().settings.profile_certificate:
        data = _signed(data, web().settings.profile_certificate.reveal().encode())
    response = Response(data, mimetype="application/x-apple-aspen-config")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}.mobileconfig"'
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _identified(payload: dict[str, object], url: str, name: str, title: str) -> dict[str, object]:
    """Add the keys of every payload; the same address has the same identifiers each time."""
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"{url}#{name}")
    return payload | {
        "PayloadDisplayName": title,
        "PayloadIdentifier": f"zoho-calendar-bridge.{number}",
        "PayloadUUID": str(number).upper(),
        "PayloadVersion": 1,
    }


def _signed(data: bytes, pem: bytes) -> bytes:
    """Sign with the private key and the first certificate of a PEM file; add the others."""
    certificate, *chain = x509.load_pem_x509_certificates(pem)
    key = serialization.load_pem_private_key(pem, None)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
    builder = builder.add_signer(certificate, key, SHA256())  # type: ignore[arg-type]
    for each in chain:
        builder = builder.add_certificate(each)
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
