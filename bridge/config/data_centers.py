"""Zoho's data centres, with the URLs of its services in each.

An account, its client and its tokens belong to one data centre. The hosts do not follow from one
name (Canada is at zohocloud.ca, Backstage at zohoapis), so a setting may override each URL.
"""

from dataclasses import dataclass

from bridge.domain.data_file import read_toml


@dataclass(frozen=True, slots=True)
class DataCenter:
    """The services of one data centre: most at ``domain``, Backstage at ``api_host``."""

    domain: str
    api_host: str

    @property
    def console_url(self) -> str:
        """The page on which a person creates a client."""
        return f"https://api-console.{self.domain}"

    def urls(self) -> dict[str, str]:
        """Return the URLs that settings may override, by the name of the setting's field."""
        return {
            "accounts_url": f"https://accounts.{self.domain}",
            "backstage_url": f"https://{self.api_host}/backstage/v3",
            "connect_url": f"https://connect.{self.domain}/pulse/api",
            "calendar_url": f"https://calendar.{self.domain}/api/v1",
        }


DATA_CENTERS = {
    code: DataCenter(**row) for code, row in read_toml("bridge.config", "data_centers.toml").items()
}


def data_center_code(text: str) -> str:
    """Return the code that a code, a host of Zoho, an address or its ending means; else the text.

    ``eu``, ``zoho.eu``, ``https://connect.zoho.eu/…`` and ``.eu`` all mean ``eu``.
    """
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = host.partition("/")[0].partition(":")[0]
    for code, center in DATA_CENTERS.items():
        ending = center.domain[center.domain.index(".") :]
        if host == ending or f".{host}".endswith(f".{center.domain}"):
            return code
    return host
