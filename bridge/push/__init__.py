"""The way back: edited events of a feed, sent to Zoho Connect.

``vevent`` reads a file, ``change`` compares an event with its published form, and ``pusher`` plans
and sends. Only the command ``push`` starts it.
"""
