"""The three products that events come from: each module fetches raw pages and parses them, and knows no other."""
