"""Recurrence rules: parsed, expanded, rendered, and checked for what every client reads alike.

It must not know feeds, their windows, or the exceptions of a series.
"""
