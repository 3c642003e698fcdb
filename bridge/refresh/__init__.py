"""One refresh: fetch, parse, compare with what is known, save, publish."""
