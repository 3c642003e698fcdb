"""Forms that make and change selections of a feed, on its page. They need no JavaScript."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from bridge.feed.selection import LABEL_KINDS, MOST_TICKS, REMINDERS, Ticks
from bridge.store.selections import SelectionError
from bridge.web import page_selection, pages, session
from bridge.web.context import web
from bridge.web.language import _, ngettext
from bridge.web.page_selection import PageSelection

blueprint = Blueprint("selections", __name__)

_LONGEST_NAME, _MOST_NAMES = 60, 3  # in a sentence


@blueprint.post("/feeds/<slug>/")
@blueprint.post("/f/<token>/")
def save(slug: str | None = None, token: str | None = None) -> BaseResponse:
    """Make a selection of the feed, or change that of the address, and redirect to its page.

    What can't be saved stays in the form, with the reason.
    """
    # Browsers send no Origin from pages without a referrer. Old ones do not send this one, either.
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    page = page_selection.open_page(slug, token, has_form=True)
    ticks, unknown = _ticks(page, request.form)
    status, problem, token = _save(page, ticks, unknown, token)
    if problem:
        g.not_saved = (ticks, problem)
        response = pages.feed_page(**(request.view_args or {}))
        response.status_code = status
        response.headers["Cache-Control"] = "no-store"
        return response
    return redirect(url_for("pages.feed_page", token=token, _anchor="subscribe"), 303)


def _save(
    page: PageSelection, ticks: Ticks, unknown: Sequence[str], token: str | None
) -> tuple[int, str, str | None]:
    """Return status and sentence of a problem, both empty for none, and the selection's token."""
    selections, selection, now = web().store.selections, page.selection, datetime.now(UTC)
    if ticks.number > MOST_TICKS:
        most = _("Select at most %(number)d options and events.", number=MOST_TICKS)
        return 413, most, token
    if unknown:
        names = ", ".join(unknown)
        return 422, _("Not in this calendar: %(names)s. Save again without it.", names=names), token
    if not ticks.number and ticks.reminder is None:
        return 422, _("Select at least one option, event or reminder."), token
    if selection is None:
        link = None if page.feed.public else page.access.link
        client = session.client_network()
        try:
            return 0, "", selections.add(page.feed.slug, link, ticks, client=client, now=now)
        except SelectionError as error:
            if error.of_client:
                return 429, _("Too many selections were made here. Try again in an hour."), token
            full = _("This address has as many selections as it can have. Ask for another one.")
            return 409, full, token
    version = selection.changed_at.isoformat()
    is_current = request.form.get("version", version) == version
    if is_current and selections.change(selection, ticks, now=now):
        return 0, "", token
    changed = _("The selection was changed elsewhere. Save again to replace it by this one.")
    return 409, changed, token


def _ticks(page: PageSelection, form: MultiDict[str, str]) -> tuple[Ticks, Sequence[str]]:
    """Return the ticks of a form, and names of what is neither in the feed nor ticked before."""
    unknown: list[str] = []
    if "star" in form:  # the button of an event's page
        uid = form["star"]
        stars = tuple(event for event in page.ticks.events if event != uid)
        added = (uid,) if len(stars) == len(page.ticks.events) else ()
        labels, reminder, events = page.ticks.labels, page.ticks.reminder, {*stars, *added}
    else:
        values = [(kind, value) for kind in LABEL_KINDS for value in form.getlist(kind)]
        known = {(kind, o.value): o.label for kind, os in page.groups.items() for o in os}
        labels = tuple((kind, known[kind, v]) for kind, v in values if (kind, v) in known)
        unknown += [value[:_LONGEST_NAME] for kind, value in values if (kind, value) not in known]
        events = set(form.getlist("event"))
        minutes = form.get("reminder", "")
        reminder = next((m for m in REMINDERS if str(m) == minutes), None)
        if minutes and reminder is None:
            unknown.append(minutes[:_LONGEST_NAME])
    if len(events) <= MOST_TICKS:
        new = sorted(events.difference(page.ticks.events))
        lost = set(new) - set(web().store.agenda.of(page.feed.slug, new))
        events -= lost
        if lost:
            unknown.append(ngettext("%(num)d event", "%(num)d events", len(lost)))
    ticks = Ticks(labels=tuple(sorted({*labels})), events=tuple(sorted(events)), reminder=reminder)
    return ticks, unknown[:_MOST_NAMES]
