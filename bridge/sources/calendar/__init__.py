"""Zoho Calendar as a source: the events of one calendar."""
