"""Names of calendar programs by their User-Agent.

The names are a fixed list: clients cannot fill the store with inventions, and no header is stored.
"""

from functools import lru_cache
import re

from bridge.domain.data_file import read_toml

OTHER = "Other"
_TABLE = read_toml("bridge.web", "user_agents.toml")["programs"]
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), name) for pattern, name in _TABLE.items()]
PROGRAMS = frozenset(_TABLE.values())


@lru_cache(maxsize=1024)
def program_name(user_agent: str) -> str:
    """Return the name of the program that sends this User-Agent, ``Other`` if it is unknown.

    The embed of a page (FullCalendar) counts as the browser that shows it.
    """
    return next((name for pattern, name in _PATTERNS if pattern.search(user_agent)), OTHER)
