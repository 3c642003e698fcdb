"""Admin pages: the state of feeds and sources, readers, links, and feeds of the admin's own.

They are closed (404) without BRIDGE_ADMIN_PASSWORD, but open to this machine in the demo. They only
write to the store; the worker publishes the changes.
"""

from bridge.web.admin import feed_editor, feed_list, feed_page, links, sign_in
from bridge.web.admin.blueprint import blueprint

__all__ = ["blueprint", "feed_editor", "feed_list", "feed_page", "links", "sign_in"]
