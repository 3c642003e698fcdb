"""The three sources of events: each fetches raw answers of its product and parses them."""
