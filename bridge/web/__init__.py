"""The web server's app: published feeds for calendar programs, pages for people.

A request only reads the store. It never calls Zoho and never renders a feed, so subscribers do not
notice an outage of Zoho (rulebook H8).
"""

from collections.abc import Callable
from functools import partial
import os
from pathlib import Path
import time

from flask import Flask

from bridge import config, logs
from bridge.feed.selection import REMINDERS
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.store.listener import Listener, noted_listener
from bridge.web import (
    admin,
    agenda_view,
    error_responses,
    event_page,
    events,
    feeds,
    history,
    hooks,
    language,
    mobile_profile,
    monitoring,
    page_selection,
    pages,
    selections,
    session,
    transport,
)
from bridge.web.context import Web
from bridge.web.error_responses import answer
from bridge.web.html_response import is_web_link

_INSTALLED = Path(__file__).parent.parent / "templates"
_CHECKED_OUT = Path(__file__).parent.parent.parent / "templates"
LONGEST_BODY = 64 * 1024


def create_app(
    settings: config.Settings | None = None,
    store: Store | None = None,
    *,
    open_admin: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Flask:
    """Return the WSGI app; the web server calls this without arguments, and the environment counts.

    ``open_admin`` opens the admin pages to this machine without a password, for the demo. ``clock``
    returns the seconds that caches count in. Raises ConfigError and StoreError.
    """
    settings = settings or config.load(os.environ)
    keys = load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    owns_process = store is None
    store = store or Store.configured(settings, keys)
    listener = noted_listener(settings.data_dir)
    is_private = listener is not None and listener.is_private(settings.public_url)
    web = Web(settings, store, clock, open_admin=open_admin, is_private=is_private)
    if owns_process:
        logs.set_up()
        web.usage.start_flushing()
    templates = str(_INSTALLED if _INSTALLED.is_dir() else _CHECKED_OUT)
    app = error_responses.App(
        "bridge", template_folder=templates, static_folder=f"{templates}/static"
    )
    # Both settings redirect, to any host that the request names.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.jinja_env.add_extension("jinja2.ext.do")
    current_page = page_selection.current_page
    app.jinja_env.globals |= {"current_page": current_page, "event_url": agenda_view.event_url}
    app.jinja_env.globals["reminders"] = REMINDERS
    app.jinja_env.filters["is_web_link"] = is_web_link
    app.extensions["bridge"] = web
    error_responses.register(app)
    language.register(app)
    session.register(app, keys.session_key(settings.admin_password.reveal()))
    views = pages, selections, event_page, admin, events, history, mobile_profile, monitoring
    for module in views:
        app.register_blueprint(module.blueprint)
    root = settings.public_url or (listener or Listener()).url
    hooked = answer(hooks.PATHS, partial(hooks.respond, web.store.hooks), app.wsgi_app)
    answered = answer(feeds.PATHS, feeds.Feeds(web).respond, hooked)
    wsgi_app = transport.wrap(answered, settings, root)
    app.wsgi_app = wsgi_app  # type: ignore[assignment,method-assign]
    return app
