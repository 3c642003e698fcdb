"""Forms that make and change selections of a feed, on its page. They need no JavaScript."""

from datetime import UTC, datetime

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.feed.selection import MOST_TICKS, REMINDERS, Ticks
from bridge.store.selections import SelectionError
from bridge.web import page_filter, pages, session
from bridge.web.context import web
from bridge.web.language import _
from bridge.web.page_filter import PageFilter

blueprint = Blueprint("selections", __name__)


@blueprint.post("/feeds/<slug>/")
@blueprint.post("/f/<token>/")
def save(slug: str | None = None, token: str | None = None) -> BaseResponse:
    """Make a selection of the feed, or change that of the address, and redirect to its page.

    What can't be saved stays in the form, with the reason.
    """
    # Browsers send no Origin from pages without a referrer. Old ones do not send this one, either.
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    feed, page = page_filter.open_page(slug, token, has_form=True)
    form = request.form
    ticks = _ticks(feed, page, form)
    status, problem, token = _save(feed, page, ticks, form, token)
    if problem:
        g.not_saved = (ticks, problem)
        response = pages.feed_page(**(request.view_args or {}))
        response.status_code = status
        response.headers["Cache-Control"] = "no-store"
        return response
    return redirect(url_for("pages.feed_page", token=token, _anchor="subscribe"), 303)


def _save(
    feed: Feed, page: PageFilter, ticks: Ticks, form: MultiDict[str, str], token: str | None
) -> tuple[int, str, str | None]:
    """Return status and sentence of a problem, both empty for none, and the selection's token."""
    selections, selection, now = web().store.selections, page.selection, datetime.now(UTC)
    if ticks.number > MOST_TICKS:
        most = _("Select at most %(number)d options and events.", number=MOST_TICKS)
        return 413, most, token
    if not ticks.number and ticks.reminder is None:
        return 422, _("Select at least one option, event or reminder."), token
    if selection is None:
        link = None if feed.public else page.access.link
        client = session.client_network()
        try:
            return 0, "", selections.add(feed.slug, link, ticks, client=client, now=now)
        except SelectionError as error:
            if error.of_client:
                return 429, _("Too many selections were made here. Try again in an hour."), token
            full = _("This address has as many selections as it can have. Ask for another one.")
            return 409, full, token
    is_current = "version" not in form or form["version"] == selection.changed_at.isoformat()
    if is_current and selections.change(selection, ticks, now=now):
        return 0, "", token
    changed = _("The selection was changed elsewhere. Save again to replace it by this one.")
    return 409, changed, token


def _ticks(feed: Feed, page: PageFilter, form: MultiDict[str, str]) -> Ticks:
    """Return the ticks of a form. What is neither in the feed nor ticked before is ignored."""
    if "star" in form:  # the button of an event's page
        uid = form["star"]
        stars = tuple(event for event in page.ticks.events if event != uid)
        added = (uid,) if len(stars) == len(page.ticks.events) else ()
        labels, reminder, events = page.ticks.labels, page.ticks.reminder, {*stars, *added}
    else:
        values = {kind: set(form.getlist(kind)) for kind in page.groups}
        labels = tuple(
            (kind, option.label)
            for kind, options in page.groups.items()
            for option in options
            if option.value in values[kind]
        )
        events = set(form.getlist("event"))
        minutes = form.get("reminder", "")
        reminder = next((m for m in REMINDERS if str(m) == minutes), None)
    if len(events) <= MOST_TICKS:
        new = sorted(events.difference(page.ticks.events))
        events -= set(new) - set(web().store.agenda.of(feed.slug, new))
    return Ticks(labels=tuple(sorted(labels)), events=tuple(sorted(events)), reminder=reminder)
