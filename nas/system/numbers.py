"""Numbers as people read them."""

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
NONE = "\N{EN DASH}"


def prefix(value: float) -> tuple[float, str]:
    """The power of a thousand that suits a value, and its letter."""
    return next(((size, letter) for size, letter in PREFIXES if abs(value) >= size), (1.0, ""))


def amount(value: float | None) -> str:
    """Three digits and a prefix: `12.3 M`."""
    if value is None:
        return NONE
    # 999,600 is a million in three digits
    size, letter = prefix(float(f"{value:.3g}"))
    scaled = value / size
    digits = 0 if abs(scaled) >= 100 or (scaled == round(scaled) and not letter) else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:.{digits}f} {letter}".strip()


def percent(share: float, digits: int = 0) -> str:
    """A share from 0 to 1 in percent: `12 %`."""
    return f"{100 * share:.{digits}f} %"


def number(value: float) -> str:
    """A cost for people: `1,234,567`, `0.25`."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}"
