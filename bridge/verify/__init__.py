"""Proof of a feed: every instance that it publishes against every instance that Zoho reports.

``snapshot`` reads the published bytes with an engine that the bridge uses nowhere else, ``report``
reads Zoho, and ``comparison`` is pure. ``verifier`` joins them, and ``schedule`` selects calendars
for the worker. Nothing here changes a feed.
"""
