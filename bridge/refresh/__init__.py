"""Refresh of a source: fetch, parse, compare with the stored events, save, publish."""
