"""Text of Zoho or of a file, made safe for a terminal."""


def plain(text: str) -> str:
    """Return a text on one line, without characters that a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
