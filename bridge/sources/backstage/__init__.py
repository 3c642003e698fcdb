"""Zoho Backstage as a source: the events of a portal, or the agenda of one event."""
