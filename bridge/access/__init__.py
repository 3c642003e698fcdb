"""What all processes that read one Zoho account share: its access token, and the pace of their requests.

Types and rules, and stores in memory; the ones on the database stand in ``store``. It must not know of HTTP or SQL.
"""

from bridge.access.paces import MemoryPaceStore, Pace, PaceStore, Rate
from bridge.access.tokens import (
    TOKEN_LEASE,
    TOKEN_PERIOD,
    TOKEN_REQUESTS,
    AccessToken,
    MemoryTokenStore,
    TokenStore,
)

__all__ = [
    "TOKEN_LEASE",
    "TOKEN_PERIOD",
    "TOKEN_REQUESTS",
    "AccessToken",
    "MemoryPaceStore",
    "MemoryTokenStore",
    "Pace",
    "PaceStore",
    "Rate",
    "TokenStore",
]
