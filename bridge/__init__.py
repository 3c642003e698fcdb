"""Zoho Backstage, Connect and Calendar events as iCalendar feeds."""

__version__ = "0.1.0"
