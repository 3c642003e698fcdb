"""The parts of a published feed as values, which the publisher writes and the web serves."""
