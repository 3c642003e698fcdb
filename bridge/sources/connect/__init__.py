"""Zoho Connect as a source: the events of one group of a network, or of several groups."""
