"""Which calendar program asks: told by its User-Agent, as one of a few known names.

The names are fixed, so that nobody can fill the store with inventions, and nothing of a header is kept.
"""

from functools import lru_cache
import re

OTHER = "Other"

# The first that fits counts. Agents as in the rulebook's table of clients.
_PROGRAMS = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"Google-Calendar", "Google Calendar"),
        (r"MacOutlook", "Outlook for Mac"),
        (r"Microsoft[. ]Exchange|ExchangeServicesClient", "Outlook (new, web, 365)"),
        (r"Microsoft (Office|Outlook)|ms-office|MSOffice", "Outlook (classic)"),
        (
            r"(iOS|iPadOS|iPhone OS|watchOS|visionOS)/.*(dataaccessd|accountsd|remindd)",
            "Apple Calendar (iOS)",
        ),
        (r"dataaccessd|CalendarAgent|CalendarStore|\biCal/", "Apple Calendar (macOS)"),
        (r"Thunderbird/|Betterbird/", "Thunderbird"),
        (r"^Evolution/|evolution-data-server", "Evolution"),
        (r"^ICSx5/", "ICSx5"),
        (r"^Home-?Assistant", "Home Assistant"),
        (r"Nextcloud", "Nextcloud"),
        (r"^curl/", "curl"),
        (r"python|aiohttp|httpx", "Python"),
        (r"bot\b|crawler|spider|compatible;", OTHER),
        (r"^Mozilla/5\.0 ", "Web browser"),
    )
)


@lru_cache(maxsize=1024)
def program(user_agent: str) -> str:
    """Name the program that sends this User-Agent: ``Thunderbird``, ``Web browser``; ``Other`` for all unknown ones.

    A page's embed (FullCalendar) comes as the browser that shows it.
    """
    return next((name for pattern, name in _PROGRAMS if pattern.search(user_agent)), OTHER)
