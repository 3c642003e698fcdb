"""A stand-in for Zoho: OAuth and the three APIs over real HTTP on loopback, for the demo and for tests.

It behaves as Zoho does, traps included (Zoho API notes: traps checklist), and can be told to misbehave. It must not
know of feeds, settings or the store, and none of them of it: the command line alone imports it.
"""

from bridge.sandbox.edits import edit
from bridge.sandbox.faults import KINDS, ROUTES, Faults
from bridge.sandbox.oauth import ALL_SCOPES, Tokens
from bridge.sandbox.samples import CONNECT_ZONE, documents, lively
from bridge.sandbox.server import Recorded, Sandbox
from bridge.sandbox.state import Agenda, Calendar, Data, Group, Json, Network, Portal, Shelf
from bridge.sandbox.trouble import trouble

__all__ = [
    "ALL_SCOPES",
    "CONNECT_ZONE",
    "KINDS",
    "ROUTES",
    "Agenda",
    "Calendar",
    "Data",
    "Faults",
    "Group",
    "Json",
    "Network",
    "Portal",
    "Recorded",
    "Sandbox",
    "Shelf",
    "Tokens",
    "documents",
    "edit",
    "lively",
    "trouble",
]
