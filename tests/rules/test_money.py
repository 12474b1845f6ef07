"""Amounts: read from decimals, written as decimals, whole minor units in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.money import MOST_MINOR_UNITS, digits_of, format_amount, parse_amount

CURRENCIES = st.sampled_from(["USD", "EUR", "CNY", "JPY", "KRW", "KWD", "TND", "CLF"])


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("19.90", "USD", 1990),
        ("19.9", "USD", 1990),
        ("19", "USD", 1900),
        ("0", "USD", 0),
        ("0.01", "USD", 1),
        ("007.50", "USD", 750),
        ("1990", "JPY", 1990),
        ("0", "JPY", 0),
        ("1.234", "KWD", 1234),
        ("10000000000.00", "USD", 10**12),
        ("0" * 100 + "1", "USD", 100),
    ],
)
def test_a_plain_decimal_is_read(text: str, currency: str, units: int) -> None:
    assert parse_amount(text, currency) == units


@pytest.mark.parametrize(
    ("text", "currency", "complaint"),
    [
        ("-1.00", "USD", "is negative"),
        ("-", "USD", "is negative"),
        ("19.905", "USD", r"more decimals than USD has \(2\)"),
        ("19.900", "USD", "more decimals"),
        ("1990.0", "JPY", r"more decimals than JPY has \(0\)"),
        ("10000000000.01", "USD", "too large; the most is 10000000000.00 USD"),
        ("1000000000001", "JPY", "too large; the most is 1000000000000 JPY"),
        ("9" * 10_000, "USD", "too large"),
        *((text, "USD", "not a plain decimal") for text in ("", " ", "NaN", "Infinity", "1e3", "1,5", "1_000", "+1")),
        *(
            (text, "USD", "not a plain decimal")
            for text in ("1.", ".5", " 1", "1\n", "$1", "１９", "0x1", "1.2.3", "a\0b")
        ),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str, currency: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        parse_amount(text, currency)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDT", "ＵＳＤ", "US\n"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="A currency is three capital letters"):
        digits_of(currency)


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (1990, "USD", "19.90"),
        (5, "USD", "0.05"),
        (0, "USD", "0.00"),
        (-1, "USD", "-0.01"),
        (-1990, "USD", "-19.90"),
        (1990, "JPY", "1990"),
        (-7, "JPY", "-7"),
        (1234, "KWD", "1.234"),
    ],
)
def test_an_amount_is_written_with_all_its_digits(units: int, currency: str, text: str) -> None:
    assert format_amount(units, currency) == text


@given(st.integers(0, MOST_MINOR_UNITS), CURRENCIES)
def test_what_is_written_is_read_back(units: int, currency: str) -> None:
    assert parse_amount(format_amount(units, currency), currency) == units


@given(st.text(max_size=40), CURRENCIES)
def test_any_text_is_read_or_refused(text: str, currency: str) -> None:
    try:
        units = parse_amount(text, currency)
    except ValueError:
        return
    assert 0 <= units <= MOST_MINOR_UNITS
