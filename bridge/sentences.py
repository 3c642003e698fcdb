"""The English sentence of every problem, by code.

Pages translate them: each stands in ``N_`` for the catalogues. A sentence starts with a capital
letter and ends with a full stop, so that sentences can follow each other. In ``%(why)s``,
``%(problem)s`` and ``%(detail)s`` stands the sentence of another problem.
"""

from collections.abc import Mapping


def N_(sentence: str) -> str:  # noqa: N802 - the name that gettext tools know
    """Return a sentence unchanged; marks it for the catalogues of translations."""
    return sentence


_GENERAL = {
    "text": "%(text)s",  # of an older database
    "bug": N_("A bug in the bridge (%(error)s); see its log."),
    "duplicate-id": N_(
        "Zoho sent the event twice in one read, with one id. The first one is published."
    ),
    "many-missing": N_(
        "%(gone)s of %(coming)s coming events are missing from Zoho's answer at once. They stay "
        "in the feed until a second read, at least 10 minutes later, agrees."
    ),
    "not-rendered": N_('The event could not be published in feed "%(feed)s": %(why)s'),
    "read-too-long": N_("The read took more than %(minutes)s minutes and was stopped."),
}

_VALUES = {
    "not-iso-time": N_("“%(value)s” is not a time like 2024-05-23T02:30:00Z."),
    "not-epoch": N_("“%(value)s” is not a number of milliseconds since 1970."),
    "not-compact-time": N_(
        "“%(value)s” is not a date like 20170728 or a time like 20170718T205000+0530."
    ),
    "no-such-time": N_("“%(value)s” is not a valid time."),
    "no-such-offset": N_("“%(value)s” has a UTC offset that no time zone has."),
    "year-out-of-range": N_("“%(value)s” is in the year %(year)s, which calendars cannot show."),
    "not-a-flag": N_("“%(value)s” is neither true nor false."),
    "not-a-number": N_("“%(value)s” is not a number."),
    "not-a-web-address": N_("It is not a web address."),
    "not-an-object": N_("It is not a JSON object."),
    "wrong-type": "%(error)s.",  # of msgspec: Expected `str`, got `int`
    "part-missing": N_("A part of the date is missing."),
    "field-unreadable": N_("The field “%(field)s” could not be read. %(why)s"),
    "field-left-out": N_("The field “%(field)s” could not be read and was left out. %(why)s"),
}

_EVENTS = {
    "no-id": N_("The event has no id."),
    "unshowable": N_("No calendar can show the event (%(error)s)."),
    "no-start": N_("The event has no start."),
    "no-end": N_("The event has no end."),
    "no-end-time": N_("The event has no end time."),
    "end-before-start": N_("The end %(end)s is before the start."),
    "ends-at-start": N_("%(why)s The event ends when it starts."),
    "on-first-day": N_("%(why)s The event is shown on its first day."),
    "unknown-zone": N_("The time zone “%(zone)s” is unknown."),
    "no-zone": N_("The times have neither a known time zone nor an offset, and were read as UTC."),
    "offset-differs": N_(
        "The offset %(offset)s is not that of the time zone “%(zone)s”. The instant was kept."
    ),
    "reminder-unreadable": N_("A reminder could not be read and was left out."),
    "reminder-too-early": N_("The reminder is more than a year before the event and was left out."),
    "of-instance": N_("The instance of %(slot)s: %(problem)s"),
    "instance-unreadable": N_("The instance could not be read. %(why)s"),
    "excluded-date-unreadable": N_("An excluded date could not be read. %(why)s"),
}

_RULES = {
    "rule-unusable": N_(
        "Only the first occurrence is shown, because the repeat rule cannot be used. %(why)s"
    ),
    "several-rules": N_(
        "The event has %(count)s repeat rules, and calendars can show only one of them."
    ),
    "rule-part-unreadable": N_("The repeat rule has the unreadable part “%(part)s”."),
    "rule-part-unknown": N_("The repeat rule has the part “%(part)s”, which RFC 5545 lacks."),
    "rule-too-often": N_("The repeat rule has FREQ=%(freq)s, and no calendar repeats that often."),
    "rule-frequency-unknown": N_(
        "The repeat rule has the frequency “%(freq)s”, which RFC 5545 lacks."
    ),
    "rule-no-weekday": N_("The repeat rule has %(part)s, which is not a weekday."),
    "rule-out-of-range": N_("The repeat rule has %(part)s, which is out of range."),
    "rule-weekday-number": N_(
        "The repeat rule has %(part)s with FREQ=%(freq)s, which has no such day."
    ),
    "rule-not-yearly": N_(
        "The repeat rule has %(part)s with FREQ=%(freq)s, and it goes only with YEARLY."
    ),
    "rule-day-not-in-month": N_("The repeat rule has a BYMONTHDAY that its BYMONTH never has."),
    "rule-position-beyond": N_("The repeat rule has a BYSETPOS that FREQ=%(freq)s never reaches."),
    "rule-no-date": N_("The repeat rule has %(part)s, which is not a date."),
    "rule-ends-before-start": N_(
        "The repeat rule has %(part)s, which is before the start: it never happens."
    ),
    "rule-empty": N_("The repeat rule never happens."),
}

_BACKSTAGE = {
    "unknown-status": N_("The status “%(status)s” does not say that the event is published."),
    "events-in-unknown-zone": N_("Events in the unknown time zone “%(zone)s” are shown in UTC."),
    "events-without-zone": N_("Events without a time zone are shown in UTC."),
    "no-events-of-brand": N_(
        "No events. Check that %(brand)s is the id of a brand of the portal %(portal)s."
    ),
    "no-events-without-brand": N_(
        "No events. A portal with several brands shows none without a brand. If %(portal)s is "
        "such a portal, set brand in the feed's source. The id stands in Backstage's address, "
        "after /brand/."
    ),
    "list-cut-short": N_("The list of events of portal %(portal)s is incomplete. %(why)s"),
    "page-repeated": N_("Page %(page)s repeats an earlier page."),
    "page-empty": N_("Page %(page)s is empty, although Zoho says that more events follow."),
    "wrong-page": N_("Zoho sent page %(sent)s instead of page %(page)s."),
    "too-many-pages": N_("It has more than %(pages)s pages."),
    "no-event": N_("%(product)s's answer has no event."),
    "agenda-too-long": N_("The agenda of event %(event)s has more than %(days)s days."),
    "days-unreadable": N_(
        "The list of days could not be read, and the days are read one by one. %(why)s"
    ),
    "names-unreadable": N_(
        "The list “%(list)s” could not be read, and the sessions are shown without it. %(why)s"
    ),
    "names-kept": N_(
        "The list “%(list)s” could not be read, and its last good version is used. %(why)s"
    ),
    "names-empty": N_("The list “%(list)s” is empty, and its last good version is used."),
    "agenda-unpublished": N_("The event is not published, and its sessions are not shown."),
    "of-agenda": N_("About the event of the sessions: %(problem)s"),
    "maybe-hidden": N_("The session may be hidden. %(why)s"),
    "session-again": N_(
        "Zoho sent the session twice, with different starts. The first one is published."
    ),
    "bad-duration": N_("The duration “%(value)s” is not valid."),
    "name-is-address": N_(
        "The session has an e-mail address among its %(list)s, which is not shown."
    ),
    "name-not-listed": N_("The session's “%(id)s” is not in the event's list “%(list)s”."),
}

_CONNECT = {
    "set-profile-zone": N_(
        "The times of this network's profile are %(offsets)s. Set zoho.connect_timezone to its "
        "time zone (Connect: settings of the account). Until then, events are shown in UTC, at "
        "the right moments."
    ),
    "profile-zone-differs": N_(
        "zoho.connect_timezone is %(zone)s (%(ours)s), but the times of this network's profile "
        "are %(offsets)s. Correct the setting. The events are at the right moments all the same."
    ),
    "other-groups": N_(
        "Zoho Connect was asked for the events of groups %(groups)s in network %(network)s, and "
        "sent only events of other groups (%(count)s events)."
    ),
    "some-other-groups": N_(
        "%(count)s of %(total)s events belong to other groups of network %(network)s, although "
        "Zoho was asked for those of %(groups)s. All of them are shown."
    ),
    "update-without-event": N_("Zoho Connect's answer to updateEvent has no stream with an event."),
    "update-of-other-event": N_("The answer is not about the event that was sent."),
    "update-scope": N_(
        "The login may read Zoho Connect, but not write to it: it lacks the scope %(scope)s, or "
        "the account may not change this event. Run `zoho-bridge login --push`. %(why)s"
    ),
    "update-uncertain": N_(
        "Zoho Connect sent no good answer, and the change may or may not have been made. Check "
        "the event in Connect before you send it again. %(why)s"
    ),
    "update-unconfirmed": N_(
        "Zoho Connect seems to have made the change, but its answer is not the documented one. "
        "Check the event in Connect before you send it again. %(why)s"
    ),
    "field-too-long": N_(
        "The %(field)s has %(length)s characters, and Connect accepts %(longest)s."
    ),
    "no-title": N_("The event has no title, and Connect needs one."),
    "ambiguous-time": N_(
        "The %(side)s is in an hour that the clocks of %(zone)s show twice. Connect would take "
        "the first one."
    ),
    "reminder-unsupported": N_(
        "Connect cannot set a reminder %(reminder)s. The nearest that it can set is %(nearest)s."
    ),
}

_CALENDAR = {
    "calendar-kept": N_(
        "Zoho's answer about the calendar could not be read. Its last known time zone and "
        "reminders are used."
    ),
    "calendar-field-unreadable": N_("The calendar's field “%(field)s” could not be read. %(why)s"),
    "calendar-zone-unknown": N_("The calendar's time zone “%(zone)s” is unknown."),
    "default-reminder-unreadable": N_(
        "A default reminder of the calendar could not be read and was left out."
    ),
    "details-kept": N_(
        "Zoho sent no details of %(count)s series in its list. Those of an earlier read are used."
    ),
    "wrong-days": N_(
        "Zoho Calendar was asked for %(first)s to %(last)s, and sent events of other days "
        "(%(count)s of %(total)s)."
    ),
    "wrong-details": N_("Zoho Calendar sent details, but not those of event %(event)s."),
}

_ANSWERS = {
    "with-words": N_("%(problem)s Zoho says: “%(said)s”."),
    "no-list": N_(
        "%(product)s's answer has no list “%(list)s”. The last good events stay published."
    ),
    "no-ids": N_(
        "%(product)s's list “%(list)s” has %(count)s objects, and none of them has an id."
    ),
    "source-unreadable": N_(
        "Zoho's answer for %(source)s cannot be read: %(count)s objects have no id."
    ),
    "pagination-unreadable": N_("%(product)s's pagination cannot be read. %(why)s"),
    "connection-failed": N_("%(host)s sent no complete answer (%(error)s)."),
    "answer-too-slow": N_("%(host)s took more than %(seconds)s seconds to answer."),
    "answer-too-large": N_(
        "%(host)s answered %(path)s with more than %(bytes)s bytes. Use a shorter window for the "
        "feed, or correct the address."
    ),
    "body-empty": N_("The body is empty."),
    "body-html": N_("The body is an HTML page."),
    "body-cut": N_("The JSON ends or breaks at character %(position)s of %(length)s."),
    "body-unreadable": N_("The JSON cannot be read (%(error)s)."),
    "body-no-object": N_("The JSON is not an object, but of type %(type)s."),
    "answer-unreadable": N_(
        "The answer of %(product)s cannot be read (%(path)s at %(host)s, status %(status)s). "
        "%(why)s"
    ),
    "throttled": N_(
        "%(product)s limits the rate of requests (%(path)s at %(host)s). The bridge waits and "
        "tries again."
    ),
    "token-refused": N_(
        "%(product)s refuses the access token (%(path)s at %(host)s): the login lacks the scope "
        "%(scope)s, or belongs to another data centre. Log in again with that scope "
        "(`zoho-bridge login`, and remove ZOHO_REFRESH_TOKEN if it is set), and check that "
        "ZOHO_DATA_CENTER is the account's."
    ),
    "server-error": N_(
        "%(product)s returned an error (%(path)s at %(host)s, status %(status)s). The next "
        "refresh tries again."
    ),
    "redirected": N_(
        "%(product)s redirects to another address (%(path)s at %(host)s, status %(status)s), "
        "which the bridge does not follow. Correct %(setting)s or ZOHO_DATA_CENTER."
    ),
    "not-found": N_(
        "%(product)s does not know %(path)s (at %(host)s). Correct the id in bridge.toml, or "
        "check that the account can see it."
    ),
    "forbidden": N_(
        "%(product)s does not allow the account to read %(path)s (at %(host)s). Share it with "
        "the account, or log in again with the scope %(scope)s (`zoho-bridge login`, and remove "
        "ZOHO_REFRESH_TOKEN if it is set)."
    ),
    "refused": N_("%(product)s refuses the request (%(path)s at %(host)s, status %(status)s)."),
    "budget-used": N_(
        "No request to %(product)s for %(seconds)s seconds: Zoho asked the bridge to slow down, "
        "or the bridge's own limit is reached. The next refresh tries again."
    ),
}

_LOGIN = {
    "token-pending": N_(
        "No access token yet: another process requests one, or the bridge has used its share of "
        "Zoho's limit (10 in 10 minutes). The bridge tries again in %(seconds)s seconds."
    ),
    "token-unusable": N_(
        "%(host)s (data centre %(center)s) sent a token that cannot be used: it is not one word "
        "of visible ASCII characters."
    ),
    "refresh-token-refused": N_(
        "%(host)s (data centre %(center)s) does not accept the refresh token: it was revoked, or "
        "belongs to another data centre. Log in again (`zoho-bridge login`, and remove "
        "ZOHO_REFRESH_TOKEN if it is set), or correct ZOHO_DATA_CENTER."
    ),
    "client-unknown": N_(
        "%(host)s (data centre %(center)s) does not know the client id. Copy it from the tab "
        "“Client Secret” of the Self Client in the API console (ZOHO_CLIENT_ID), or choose the "
        "data centre that the account lives in (ZOHO_DATA_CENTER)."
    ),
    "secret-refused": N_(
        "%(host)s (data centre %(center)s) knows the client id, but refuses its secret. Copy the "
        "secret from the tab “Client Secret” of the Self Client in the API console "
        "(ZOHO_CLIENT_SECRET)."
    ),
    "code-secret-refused": N_(
        "%(host)s (data centre %(center)s) knows the client id, but refuses its secret. Copy the "
        "secret from the tab “Client Secret” of the Self Client. The code may be used up: make a "
        "new one."
    ),
    "accounts-redirected": N_(
        "%(host)s (data centre %(center)s) redirects the request for a token to another address "
        "(%(status)s). Correct ZOHO_DATA_CENTER or ZOHO_ACCOUNTS_URL."
    ),
    "token-unavailable": N_(
        "%(host)s (data centre %(center)s) sent no token (status %(status)s). %(why)s The bridge "
        "tries again later. If this continues, check that ZOHO_ACCOUNTS_URL is Zoho's."
    ),
    "token-throttled": N_(
        "%(host)s (data centre %(center)s) issues no access tokens for a while (limit: 10 in 10 "
        "minutes). Wait, and check that no other program uses this refresh token."
    ),
    "code-refused": N_(
        "%(host)s (data centre %(center)s) does not accept the code: it was used, is older than "
        "the 3 to 10 minutes chosen for it, or comes from the console of another data centre. "
        "Make a new code and paste it at once."
    ),
    "code-unavailable": N_(
        "%(host)s (data centre %(center)s) sent no token (status %(status)s). %(why)s Try again "
        "in a minute, with a new code. If this continues, check that no proxy answers instead of "
        "Zoho."
    ),
    "code-unreachable": N_(
        "%(problem)s Check that this machine may connect to it (name, proxy, firewall)."
    ),
    "code-unanswered": N_(
        "%(host)s (data centre %(center)s) did not answer as Zoho does. Correct ZOHO_ACCOUNTS_URL."
    ),
    "code-request-refused": N_(
        "%(host)s (data centre %(center)s) refuses the request. Check that the client is a Self "
        "Client, and make a new code."
    ),
    "code-throttled": N_(
        "%(host)s (data centre %(center)s) issues no tokens now: it accepts 10 requests in 10 "
        "minutes, and then none for a while. Wait 15 to 30 minutes without trying, then make a "
        "new code."
    ),
    "no-refresh-token": N_(
        "%(host)s (data centre %(center)s) sent an access token, but no refresh token: the code "
        "is not from “Generate Code” of a Self Client. Make a new one there, not with a "
        "server-based or mobile client."
    ),
}

SENTENCES: Mapping[str, str] = {
    **_GENERAL,
    **_VALUES,
    **_EVENTS,
    **_RULES,
    **_BACKSTAGE,
    **_CONNECT,
    **_CALENDAR,
    **_ANSWERS,
    **_LOGIN,
}
