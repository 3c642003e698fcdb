"""Completion of the settings by a login that ``zoho-bridge login`` stored; settings win over it.

It knows no store: the caller passes the stored login in.
"""

from dataclasses import replace
from typing import Any

from bridge.config.data_centers import DATA_CENTERS
from bridge.config.settings import CREDENTIALS, Login, Settings


def needs_login(settings: Settings) -> bool:
    """Return whether a stored login can complete the settings.

    A refresh token without its client ID belongs to an unknown client, so no login is guessed.
    """
    zoho = settings.zoho
    complete = all(getattr(zoho, name) for name in CREDENTIALS)
    return not complete and bool(zoho.client_id or not zoho.refresh_token)


def add_login(settings: Settings, login: Login) -> Settings:
    """Return the settings with what is not set filled in from a stored login.

    The login's data centre and that one's URLs hold unless they are set. A login whose secrets
    could not be decrypted becomes ``login_problem``.
    """
    zoho, warnings = settings.zoho, settings.warnings
    if not login.readable:
        lost = f"The stored login of {login.client_id} was encrypted with another BRIDGE_SECRET_KEY"
        problem = f"{lost}: restore that key, or run `zoho-bridge login` again."
        return replace(settings, zoho=replace(zoho, login_problem=problem))
    names = [name for name in CREDENTIALS if not getattr(zoho, name)]
    urls: dict[str, Any] = {}
    if "ZOHO_DATA_CENTER" not in settings.origins and login.data_center in DATA_CENTERS:
        names.append("data_center")
        every = DATA_CENTERS[login.data_center].urls()
        urls = {k: every[k] for k in every if f"ZOHO_{k.upper()}" not in settings.origins}
    elif zoho.data_center != login.data_center:
        other = f"the login of {login.client_id} was made at {login.data_center}"
        remedy = "remove the setting, or run `zoho-bridge login` there."
        warning = f"ZOHO_DATA_CENTER is {zoho.data_center}, but {other}: {remedy}"
        warnings = (*warnings, warning)
    origin = f"zoho-bridge login, {login.created_at:%Y-%m-%d}"
    changes = {name: getattr(login, name) for name in names}
    return replace(
        settings,
        zoho=replace(zoho, **changes, **urls),
        warnings=warnings,
        origins={**settings.origins, **{f"ZOHO_{name.upper()}": origin for name in names}},
    )
