"""How commands write what came from elsewhere."""


def plain(text: str) -> str:
    """Give a text that came from Zoho or a file on one line, without what a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
