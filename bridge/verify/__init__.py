"""Proof that a feed is right: what it has published against what Zoho itself reports, instance by instance.

``expand`` reads the published bytes with an engine that the bridge does not use otherwise, ``compare`` is pure, and
``verifier`` asks Zoho; ``daily`` says when, for the worker. It must not mend anything.
"""

from bridge.verify.daily import compare_in_turn, due
from bridge.verify.values import KINDS, Comparison, Difference
from bridge.verify.verifier import Verdict, Verifier

__all__ = ["KINDS", "Comparison", "Difference", "Verdict", "Verifier", "compare_in_turn", "due"]
