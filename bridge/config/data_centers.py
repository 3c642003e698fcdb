"""Zoho's data centres, with the URLs of its services in each.

An account, its client and its tokens belong to one data centre. The hosts do not follow from one
name (Canada is at zohocloud.ca, Backstage at zohoapis), so a setting may override each URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCenter:
    """The URLs of one data centre's services, without a trailing slash.

    ``accounts_url`` precedes ``/oauth/v2/token``; on ``console_url`` a person creates a client.
    """

    code: str
    accounts_url: str
    backstage_url: str
    connect_url: str
    calendar_url: str
    console_url: str

    def urls(self) -> Mapping[str, str]:
        """Return the URLs that settings may override, by the name of the setting's field."""
        names = ("accounts_url", "backstage_url", "connect_url", "calendar_url")
        return {name: getattr(self, name) for name in names}


def _center(code: str, domain: str, api_host: str) -> DataCenter:
    return DataCenter(
        code=code,
        accounts_url=f"https://accounts.{domain}",
        backstage_url=f"https://{api_host}/backstage/v3",
        connect_url=f"https://connect.{domain}/pulse/api",
        calendar_url=f"https://calendar.{domain}/api/v1",
        console_url=f"https://api-console.{domain}",
    )


# Zoho documents Backstage for us, eu, in, au and jp only. The other rows continue the pattern of
# Zoho's other services.
_CENTERS = (
    _center("us", "zoho.com", "www.zohoapis.com"),
    _center("eu", "zoho.eu", "www.zohoapis.eu"),
    _center("in", "zoho.in", "zohoapis.in"),
    _center("au", "zoho.com.au", "www.zohoapis.com.au"),
    _center("jp", "zoho.jp", "www.zohoapis.jp"),
    _center("ca", "zohocloud.ca", "www.zohoapis.ca"),
    _center("sa", "zoho.sa", "www.zohoapis.sa"),
    _center("uk", "zoho.uk", "www.zohoapis.uk"),
    _center("cn", "zoho.com.cn", "www.zohoapis.com.cn"),
    _center("ae", "zoho.ae", "www.zohoapis.ae"),
)
DATA_CENTERS = {center.code: center for center in _CENTERS}
