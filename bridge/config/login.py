"""How a login that ``zoho-bridge login`` stored and the settings become one: what is set wins.

It knows no store; whoever opens one hands in what it found.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.config.data_centers import DATA_CENTERS
from bridge.config.secret import Secret
from bridge.config.settings import Settings


def wants_login(settings: Settings) -> bool:
    """Tell whether a stored login has something to add.

    A refresh token that is set without its client's id belongs to a client that nobody named: no login is guessed.
    """
    zoho = settings.zoho
    complete = zoho.client_id and zoho.client_secret and zoho.refresh_token
    return not complete and bool(zoho.client_id or not zoho.refresh_token)


def with_login(
    settings: Settings,
    *,
    client_id: str,
    client_secret: Secret,
    refresh_token: Secret,
    data_center: str,
    created_at: datetime,
) -> Settings:
    """Fill in from a stored login what is not set; empty secrets, which could not be read, become a problem.

    The login's data centre holds unless one is set, and so do its addresses, each of them.
    """
    zoho, origins = settings.zoho, dict(settings.origins)
    if not (client_secret and refresh_token):
        problem = (
            f"The login that is stored for {client_id} was encrypted under another BRIDGE_SECRET_KEY: restore that "
            "key, or run `zoho-bridge login` again."
        )
        return replace(settings, zoho=replace(zoho, login_problem=problem))
    origin = f"zoho-bridge login, {created_at:%Y-%m-%d}"
    filled = {
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
    }
    changes: dict[str, Any] = {
        name: value for name, value in filled.items() if not getattr(zoho, name)
    }
    origins |= {f"ZOHO_{name.upper()}": origin for name in changes}
    warnings = settings.warnings
    if "ZOHO_DATA_CENTER" not in origins and data_center in DATA_CENTERS:
        center = DATA_CENTERS[data_center]
        changes["data_center"] = data_center
        origins["ZOHO_DATA_CENTER"] = origin
        for name in ("accounts_url", "backstage_url", "connect_url", "calendar_url"):
            if f"ZOHO_{name.upper()}" not in origins:
                changes[name] = getattr(center, name)
    elif zoho.data_center != data_center:
        warning = (
            f"ZOHO_DATA_CENTER is {zoho.data_center}, but the login of {client_id} was made at {data_center}: remove "
            "the setting, or run `zoho-bridge login` for that data centre."
        )
        warnings = (*warnings, warning)
    return replace(settings, zoho=replace(zoho, **changes), warnings=warnings, origins=origins)
