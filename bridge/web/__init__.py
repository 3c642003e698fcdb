"""Serve what is published: feeds to calendar programs, pages to people.

A request reads the store and nothing else: it never calls Zoho and never renders a feed, so that an outage of Zoho
can't be seen by a subscriber (rulebook H8).
"""

import os
from pathlib import Path

from flask import Flask

from bridge import config, logs
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.web import (
    admin,
    embed,
    errors,
    feeds,
    history,
    language,
    monitoring as operation,
    pages,
    session,
    transport,
)
from bridge.web.context import Web
from bridge.web.page import is_web_link

_PACKAGED = Path(__file__).parent.parent / "templates"
_CHECKED_OUT = Path(__file__).parent.parent.parent / "templates"
_LONGEST_FORM = 16 * 1024


def create_app(
    settings: config.Settings | None = None, store: Store | None = None, *, open_admin: bool = False
) -> Flask:
    """Make the WSGI app; by default from the environment, as the web server calls it.

    ``open_admin`` shows the admin pages without a password to this machine: for the demo. Raises ConfigError and
    StoreError.
    """
    settings = settings or config.load(os.environ)
    keys = load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    shared = Web(settings, store or Store.configured(settings, keys), open_admin=open_admin)
    if store is None:  # the process is the app's own
        logs.set_up()
        shared.uses.keep_flushing()
    templates = _PACKAGED if _PACKAGED.is_dir() else _CHECKED_OUT
    app = errors.App(
        "bridge", template_folder=str(templates), static_folder=str(templates / "static")
    )
    app.url_map.strict_slashes = app.url_map.merge_slashes = (
        False  # both redirect, to whatever host was asked for
    )
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    app.jinja_env.filters["is_web_link"] = is_web_link
    app.extensions["bridge"] = shared
    errors.register(app)
    language.register(app)
    session.register(app, keys.session_key(settings.admin_password.reveal()))
    for blueprint in (
        pages.blueprint,
        embed.blueprint,
        admin.blueprint,
        history.blueprint,
        operation.blueprint,
    ):
        app.register_blueprint(blueprint)
    app.wsgi_app = transport.wrapped(feeds.Feeds(shared, app.wsgi_app), settings)  # type: ignore[assignment,method-assign]
    return app


def create_demo_app() -> Flask:
    """Make the WSGI app of ``zoho-bridge demo``."""
    return create_app(open_admin=True)
