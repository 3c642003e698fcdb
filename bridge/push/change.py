"""Changes of a published event: the fields that were edited, and the update for Connect. Pure.

The reference is the bridge's own VEVENT. A field that the file has as the feed published it was not
edited, even if the feed had cut, joined or added text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment
from bridge.domain.text import clean
from bridge.push.normalize import collapse, collapse_line, split_lines
from bridge.push.vevent import RefusalError, VeventFields
from bridge.sources.connect.update import Update, problems, reminder_text

_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field with two values, as texts for a person."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """The edited fields of an event, the update that sends them, and the expected result.

    ``fields`` is empty if nothing was edited. ``expected`` are the texts of all fields by name.
    """

    fields: tuple[FieldChange, ...]
    update: Update
    expected: Mapping[str, str]
    remarks: tuple[str, ...] = ()


def compute_change(
    edited: VeventFields,
    published: VeventFields,
    event: Event,
    zone: ZoneInfo,
    prefix: str = "",
) -> EventChange:
    """Compare an edited VEVENT with the one that was published of ``event``.

    ``prefix`` begins the titles of the feed, not those of Zoho. Raises RefusalError with
    everything that Connect does not accept.
    """
    start, end = edited.start, edited.end
    if (start, end) == (published.start, published.end):
        start, end = event.start, event.end
    same_title = collapse(edited.title) == collapse(published.title)
    same_location = collapse(edited.location) == collapse(published.location)
    description = remove_additions(edited, published, event)
    same_description = split_lines(description) == split_lines(event.description)
    reminder, remarks = _reminder(edited, published)
    update = Update(
        stream=event.upstream_id,
        title=event.title
        if same_title
        else edited.title.strip().removeprefix(prefix.strip()).strip(),
        start=start,
        end=end,
        description=None if same_description else description,
        location=None if same_location else edited.location,
        reminder=reminder,
    )
    if not same_description and event.html:
        remarks = (*remarks, "Its description had formatting, and becomes plain text.")
    before = _texts(event, zone)
    expected = before | _updated_texts(update, zone)
    fields = tuple(
        FieldChange(name, before[name], after)
        for name, after in expected.items()
        if before[name] != after
    )
    if fields and (reasons := problems(update, zone)):
        raise RefusalError(f"can't be sent ({' '.join(map(str, reasons))})")
    return EventChange(fields=fields, update=update, expected=expected, remarks=remarks)


def find_deviations(change: EventChange, event: Event, zone: ZoneInfo) -> tuple[FieldChange, ...]:
    """Return the fields of an event that are not as expected after a change was sent."""
    return tuple(
        FieldChange(name, change.expected[name], text)
        for name, text in _texts(event, zone).items()
        if split_lines(change.expected[name]) != split_lines(text)
    )


def remove_additions(edited: VeventFields, published: VeventFields, event: Event) -> str:
    """Return the edited description without the lines that the feed adds below it.

    A line that the event also has is removed only as often as the feed added it, from the end.
    """
    texts = (published.description, clean(event.description))
    lines, own = (Counter(map(collapse_line, text.split("\n"))) for text in texts)
    added = lines - own
    rest = []
    for line in reversed(edited.description.split("\n")):
        text = collapse_line(line)
        if text and added[text] > 0:
            added[text] -= 1
        else:
            rest.append(line)
    return clean(_EMPTY_LINES.sub("\n\n", "\n".join(reversed(rest)))).strip()


def _reminder(
    edited: VeventFields, published: VeventFields
) -> tuple[timedelta | None, tuple[str, ...]]:
    """Return the reminder to set, None if it stays, and remarks.

    A missing reminder is no change: programs remove reminders as often as they add their own.
    """
    if not edited.reminders:
        return None, tuple(
            f"Its reminder ({reminder_text(before)}) stays: Connect has no request to remove one."
            for before in published.reminders
        )
    new = [before for before in edited.reminders if before not in published.reminders]
    if len(new) > 1:
        texts = _reminders_text(new)
        raise RefusalError(f"has several reminders ({texts}), and Connect keeps one: delete some")
    return (new[0] if new else None), ()


def _texts(event: Event, zone: ZoneInfo) -> dict[str, str]:
    return {
        "title": event.title,
        "start": _moment_text(event.start, zone),
        "end": _end_text(event.end, zone),
        "location": event.place.name if event.place else "",
        "description": event.description,
        "reminder": _reminders_text({-alarm.trigger for alarm in event.alarms}),
    }


def _updated_texts(update: Update, zone: ZoneInfo) -> dict[str, str]:
    texts = {
        "title": update.title,
        "start": _moment_text(update.start, zone),
        "end": _end_text(update.end, zone),
        "location": update.location,
        "description": update.description,
        "reminder": None if update.reminder is None else reminder_text(update.reminder),
    }
    return {name: text for name, text in texts.items() if text is not None}


def _reminders_text(reminders: Iterable[timedelta]) -> str:
    return ", ".join(reminder_text(before) for before in sorted(reminders)) or "none"


def _end_text(end: Moment, zone: ZoneInfo) -> str:
    """Return the end for a person: of an all-day event the last day."""
    return _moment_text(end if isinstance(end, datetime) else end - timedelta(days=1), zone)


def _moment_text(moment: Moment, zone: ZoneInfo) -> str:
    if not isinstance(moment, datetime):
        return f"{moment} (all day)"
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
