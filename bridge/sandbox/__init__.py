"""Sandbox of Zoho for the demo and for tests: OAuth and the three APIs over real HTTP on loopback.

It follows Zoho's documents, with the quirks that docs/zoho-apis.md lists. It must not import
feeds, settings or the store. Of the package, only the command line imports it.
"""
