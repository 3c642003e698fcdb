"""Colours of feeds: the CSS3 name that is nearest to a colour. Pure."""

from bridge.domain.data_file import read_toml

_COLORS = read_toml("bridge.feed", "css_colors.toml")


def color_name(color: str) -> str:
    """Return the CSS3 name nearest to a colour like ``#8cbf40``, as people see it."""
    return min(_COLORS, key=lambda name: _distance(_COLORS[name], color))


def _distance(one: str, other: str) -> float:
    """Return the square of the distance in RGB, weighted for the eye ("redmean")."""
    (r1, g1, b1), (r2, g2, b2) = (bytes.fromhex(color[1:]) for color in (one, other))
    red = (r1 + r2) / 512
    return (2 + red) * (r1 - r2) ** 2 + 4 * (g1 - g2) ** 2 + (3 - red) * (b1 - b2) ** 2
