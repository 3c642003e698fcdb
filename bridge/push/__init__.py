"""The way back: events that the bridge had published, edited in a calendar program, sent to Zoho Connect.

``told`` reads a VEVENT, ``change`` compares it with what was published, ``pusher`` finds, checks and sends. Nothing
here runs by itself: a person starts it with a file.
"""

from bridge.push.change import Change, Field
from bridge.push.pusher import Plan, Pusher, Ready, Refusal, Sending

__all__ = ["Change", "Field", "Plan", "Pusher", "Ready", "Refusal", "Sending"]
