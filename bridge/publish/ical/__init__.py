"""iCalendar: an event as VEVENT bytes. What a feed shows is decided in ``bridge.publish.view``.

The same values produce the same bytes, for ever: no clock, counter or host name is read here.
"""
