"""Carriers are found by any of their names, and odd tracking numbers are noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.carriers import CARRIERS, OTHER, known_carrier, tracking_warning


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("UPS", "UPS"),
        ("ups", "UPS"),
        (" FEDEX ", "FedEx"),
        ("royal_mail", "Royal Mail"),
        ("Royal-Mail", "Royal Mail"),
        ("4px", "4PX"),
        ("Yamato Transport", "Yamato"),
        ("ＵＰＳ", "UPS"),
        ("顺丰", "SF Express"),
        ("日本郵便", "Japan Post"),
        ("other", "Other"),
    ],
)
def test_a_carrier_is_found_however_it_is_written(written: str, code: str) -> None:
    carrier = known_carrier(written)
    assert carrier is not None
    assert carrier.code == code


@pytest.mark.parametrize("written", ["", " ", "-", "Pigeon Post", "UPS2"])
def test_a_carrier_outside_the_list_is_not_found(written: str) -> None:
    assert known_carrier(written) is None


def test_no_name_means_two_carriers() -> None:
    for carrier in CARRIERS:
        for name in (carrier.code, carrier.name, *carrier.aliases):
            assert known_carrier(name) is carrier


@pytest.mark.parametrize(
    ("carrier", "tracking"),
    [
        ("UPS", "1Z999AA10123456784"),
        ("UPS", "1z 999 aa1 01 2345 6784"),
        ("UPS", "1Z12345E6605272234"),
        ("USPS", "9361289878700317633795"),
        ("USPS", "9205 5901 6491 7312 7510 89"),
        ("USPS", "0307 1790 0005 2348 3741"),  # 20 digits, the check digit made with the 91 that they leave out
        ("USPS", "RA123456785US"),
        ("FedEx", "986578788855"),
        ("FedEx", "123456789012345"),
        ("DHL", "3318810025"),
        ("DHL", "JJD0099999999"),
        ("Royal Mail", "RB123456785GB"),
        ("Japan Post", "123456789012"),
        ("SF Express", "SF1234567890123"),
        ("4PX", "4PX3000123456789CN"),
        ("YunExpress", "YT2412345678901234"),
    ],
)
def test_a_usual_number_raises_no_warning(carrier: str, tracking: str) -> None:
    assert not tracking_warning(carrier, tracking)


@pytest.mark.parametrize(
    ("carrier", "tracking"),
    [
        ("UPS", "1Z999AA10123456785"),  # the check digit
        ("UPS", "1Z999AA1012345678"),
        ("UPS", "9361289878700317633795"),
        ("USPS", "9361289878700317633796"),
        ("USPS", "RA123456784US"),
        ("USPS", "1Z999AA10123456784"),
        ("FedEx", "12345678901"),
        ("FedEx", "９８６５７８７８８８５５"),
        ("DHL", "12345"),
        ("Royal Mail", "RB123456784GB"),
        ("GLS", "sent yesterday"),
        ("UPS", ""),
        ("UPS", "1Z999AA10123456784\n"),
    ],
)
def test_an_unusual_number_raises_a_warning(carrier: str, tracking: str) -> None:
    assert tracking_warning(carrier, tracking)


@pytest.mark.parametrize("carrier", ["Other", "Pigeon Post"])
def test_of_a_carrier_outside_the_list_nothing_is_expected(carrier: str) -> None:
    assert not tracking_warning(carrier, "ring 7, left leg")
    assert OTHER in CARRIERS


@given(st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_in_a_ups_number_is_noticed(place: int, by: int) -> None:
    shipped = "1Z5R89390357567127"
    digit = shipped[2 + place]
    if digit.isdigit() and not (place % 2 and by == 5):  # doubled, 5 more is 10 more: the check digit cannot see it
        assert tracking_warning("UPS", shipped[: 2 + place] + str((int(digit) + by) % 10) + shipped[3 + place :])


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_accident(tracking: str) -> None:
    for carrier in CARRIERS:
        assert tracking_warning(carrier.code, tracking) in (True, False)
