"""The authenticated client of the three Zoho APIs: tokens, pacing, retries, and errors by remedy.

It gives decoded JSON and knows nothing of events; it must not read settings or keep anything but a token.
"""

from bridge.access import AccessToken, MemoryPaceStore, MemoryTokenStore, PaceStore, TokenStore
from bridge.zoho.client import ZohoClient

__all__ = ["AccessToken", "MemoryPaceStore", "MemoryTokenStore", "PaceStore", "TokenStore", "ZohoClient"]
