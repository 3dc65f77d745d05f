"""Colours whose contrast is known (WCAG 2.2). Pure."""

from __future__ import annotations

SOFT = "#57606a"
"""The lightest letters of pages on a light ground; as in ``site.css``."""
DARK_PAPER, DARK_GROUND = "#161b22", "#0d1117"
"""What letters stand on where it is dark; as in ``site.css``."""
_READABLE = 4.5
_STEPS = 40


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast of two colours ``#rrggbb``, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lighter(colour: str) -> str:
    """Return the nearest mixture with white that can be read on dark paper."""
    mixtures = (_mixed(colour, step / _STEPS) for step in range(_STEPS + 1))
    return next(each for each in mixtures if contrast(each, DARK_PAPER) >= _READABLE)


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
        for p in (part / 255 for part in _parts(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(colour: str, share: float) -> str:
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in _parts(colour))
