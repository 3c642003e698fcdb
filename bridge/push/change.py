"""What was edited in an event that the bridge had published, and what to send to Connect for it. Pure.

The bridge's own VEVENT is the measure: what the file still says as the feed said it was not edited, whatever the feed
had to cut, join or add. What the feed adds to a description (who organises it, links) is taken out again.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment
from bridge.domain.text import clean
from bridge.push.normalize import bare, lines, words
from bridge.push.vevent import Told, ToldError
from bridge.sources.connect.update import Update, problems, reminder_text

_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that was edited, in words for a person."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An edited event: what a person sees of it, and what is sent. ``fields`` is empty when nothing was edited."""

    uid: str
    title: str
    fields: tuple[Field, ...]
    update: Update
    remarks: tuple[str, ...] = ()


def change(told: Told, published: Told, event: Event, zone: ZoneInfo) -> Change:
    """Compare an edited VEVENT with the one that was published of ``event``.

    Raises ToldError for what Connect does not take, all of it in one sentence.
    """
    start, end = _times(told, published, event)
    description = without_additions(told, published, event)
    reminder, remarks = _reminder(told, published)
    update = Update(
        stream=event.upstream_id,
        title=event.title if words(told.title) == words(published.title) else told.title,
        start=start,
        end=end,
        description=None if lines(description) == lines(event.description) else description,
        location=None if words(told.location) == words(published.location) else told.location,
        reminder=reminder,
    )
    if update.description is not None and event.html:
        remarks = (*remarks, "Its description was formatted, and becomes plain text.")
    fields = _fields(update, event, published, zone)
    wrong = problems(update, zone) if fields else ()
    if wrong:
        raise ToldError(f"can't be sent ({' '.join(map(str, wrong))})")
    return Change(uid=told.uid, title=event.title, fields=fields, update=update, remarks=remarks)


def without_additions(told: Told, published: Told, event: Event) -> str:
    """Give the description as its author means it: without the lines that the feed adds below it.

    A line that the event itself holds as well is taken out only as often as the feed added it, from the end.
    """
    own = Counter(map(bare, clean(event.description).split("\n")))
    added = []
    for line in map(bare, published.description.split("\n")):
        if own[line]:
            own[line] -= 1
        elif line:
            added.append(line)
    kept = told.description.split("\n")
    for line in reversed(added):
        place = next((n for n in range(len(kept) - 1, -1, -1) if bare(kept[n]) == line), None)
        if place is not None:
            del kept[place]
    return clean(_EMPTY_LINES.sub("\n\n", "\n".join(kept))).strip()


def _times(told: Told, published: Told, event: Event) -> tuple[Moment, Moment]:
    edited = (told.start, told.end) != (published.start, published.end)
    return (told.start, told.end) if edited else (event.start, event.end)


def _reminder(told: Told, published: Told) -> tuple[timedelta | None, tuple[str, ...]]:
    """Tell the reminder to set, None when it stays; programs drop reminders as often as they add their own."""
    if not told.reminders:
        had = [reminder_text(before) for before in published.reminders]
        return None, tuple(
            f"Its reminder ({told_so}) stays: updateEvent has no way to say none."
            for told_so in had
        )
    if set(told.reminders) <= set(published.reminders):
        return None, ()
    new = [before for before in told.reminders if before not in published.reminders]
    if len(new) > 1:
        raise ToldError(
            f"has several reminders ({_said(new)}), and Connect holds one: leave one of them"
        )
    return new[0], ()


def unlike(change: Change, before: Event, now: Event, zone: ZoneInfo) -> tuple[Field, ...]:
    """Tell what an event is now, after a change was sent, other than it was to be; ``after`` of each is what it is."""
    update, wanted = (
        change.update,
        _reminders(before) if change.update.reminder is None else {change.update.reminder},
    )
    rows = [
        ("title", update.title, now.title),
        ("start", _when(update.start, zone), _when(now.start, zone)),
        ("end", _when(_last(update), zone), _when(_last(now), zone)),
        ("location", _place(before) if update.location is None else update.location, _place(now)),
        (
            "description",
            before.description if update.description is None else update.description,
            now.description,
        ),
        ("reminder", _said(wanted), _said(_reminders(now))),
    ]
    return tuple(
        Field(name=name, before=wished, after=found)
        for name, wished, found in rows
        if lines(wished) != lines(found)
    )


def _reminders(event: Event) -> set[timedelta]:
    return {-alarm.trigger for alarm in event.alarms}


def _said(reminders: Iterable[timedelta]) -> str:
    return ", ".join(reminder_text(before) for before in sorted(reminders)) or "none"


def _fields(update: Update, event: Event, published: Told, zone: ZoneInfo) -> tuple[Field, ...]:
    old_reminder = _said(published.reminders)
    rows = [
        ("title", event.title, update.title),
        ("start", _when(event.start, zone), _when(update.start, zone)),
        ("end", _when(_last(event), zone), _when(_last(update), zone)),
        ("location", _place(event), _place(event) if update.location is None else update.location),
        (
            "description",
            event.description,
            event.description if update.description is None else update.description,
        ),
        (
            "reminder",
            old_reminder,
            old_reminder if update.reminder is None else reminder_text(update.reminder),
        ),
    ]
    return tuple(
        Field(name=name, before=before, after=after)
        for name, before, after in rows
        if before != after
    )


def _last(of: Event | Update) -> Moment:
    """Give the end as people say it: the last day of whole days."""
    return of.end if isinstance(of.end, datetime) else of.end - timedelta(days=1)


def _when(moment: Moment, zone: ZoneInfo) -> str:
    if not isinstance(moment, datetime):
        return f"{moment} (all day)"
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def _place(event: Event) -> str:
    return event.place.name if event.place else ""
