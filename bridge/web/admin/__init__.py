"""The pages of the person who runs the bridge: what is wrong, who reads, the addresses of each feed, and new feeds.

They are closed (404) unless BRIDGE_ADMIN_PASSWORD is set; in the demo they are open to this machine. They only write
to the store: what is made or changed here is published by the worker.
"""

from bridge.web.admin import edit as making, feed, links, overview, sign_in
from bridge.web.admin.base import blueprint

__all__ = ["blueprint", "feed", "links", "making", "overview", "sign_in"]
