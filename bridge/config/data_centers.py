"""Zoho's data centres and the addresses of its services in each: a table, and nothing that calls them.

An account, its client and its tokens belong to one data centre. The hosts do not follow from one name (Canada is at
zohocloud.ca, Backstage at zohoapis), so each address can be overridden by a setting.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCenter:
    """Where one data centre's services are, without a trailing slash.

    ``accounts_url`` comes before ``/oauth/v2/token``; ``console_url`` is where a person makes a client.
    """

    code: str
    accounts_url: str
    backstage_url: str
    connect_url: str
    calendar_url: str
    console_url: str


def _center(code: str, domain: str, api_host: str) -> DataCenter:
    return DataCenter(
        code=code,
        accounts_url=f"https://accounts.{domain}",
        backstage_url=f"https://{api_host}/backstage/v3",
        connect_url=f"https://connect.{domain}/pulse/api",
        calendar_url=f"https://calendar.{domain}/api/v1",
        console_url=f"https://api-console.{domain}",
    )


# Zoho documents Backstage for us, eu, in, au and jp alone; the other rows continue the
# pattern of Zoho's other services.
DATA_CENTERS = {
    center.code: center
    for center in (
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
}
