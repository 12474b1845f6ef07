"""Money as whole minor units (cents, yen, fils) of a currency, and how it is read and written in decimals."""

import re

MOST_MINOR_UNITS = 10**12
"""The largest amount that is taken in, in minor units: sums of millions of them still fit 64 bits."""

USUAL_DIGITS = 2
OTHER_DIGITS = {
    code: digits
    for digits, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}
"""How many decimal digits the minor units of those currencies have that have not the usual two."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def digits_of(currency: str) -> int:
    """How many decimal digits the currency's minor unit has (ISO 4217)."""
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"A currency is three capital letters such as USD, not {currency[:16]!r}.")
    return OTHER_DIGITS.get(currency, USUAL_DIGITS)


def parse_amount(text: str, currency: str) -> int:
    """The minor units that a plain decimal such as 19.90 means; a ValueError says in a sentence what is wrong."""
    digits = digits_of(currency)
    if text.startswith("-"):
        raise ValueError(f"The amount {text[:32]!r} is negative.")
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(f"The amount {text[:32]!r} is not a plain decimal number such as 19.90.")
    whole, decimals = found[1].lstrip("0"), found[2] or ""
    if len(decimals) > digits:
        raise ValueError(f"The amount {text[:32]!r} has more decimals than {currency} has ({digits}).")
    if len(whole) > len(str(MOST_MINOR_UNITS)):
        raise _too_large(text, currency)
    units = int(whole + decimals.ljust(digits, "0") or "0")
    if units > MOST_MINOR_UNITS:
        raise _too_large(text, currency)
    return units


def format_amount(units: int, currency: str) -> str:
    """The minor units as a plain decimal with all the currency's digits; refunds and fees may be negative."""
    digits = digits_of(currency)
    if digits == 0:
        return str(units)
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}}"


def _too_large(text: str, currency: str) -> ValueError:
    most = format_amount(MOST_MINOR_UNITS, currency)
    return ValueError(f"The amount {text[:32]!r} is too large; the most is {most} {currency}.")
