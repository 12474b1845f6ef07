"""The carriers that sellers name, and whether a tracking number looks like one of theirs.

A number that does not is only warned about: carriers change their forms, and the confirmation is accepted all the same.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_POSTAL = r"[A-Z]{2}[0-9]{9}[A-Z]{2}"  # the form of the Universal Postal Union's standard S10
_ANY = r"(?=.*[0-9])[A-Z0-9]{6,40}"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier: the code that tools send, the name people read, its other names, and the form of its numbers."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    form: str = _ANY  # a regex for the whole number, in capitals, without spaces and hyphens


OTHER = Carrier("Other", "Other", form=".*")
"""Any carrier outside the list; the confirmation then carries its name."""

CARRIERS = (
    Carrier("UPS", "UPS", ("United Parcel Service",), r"1Z[A-Z0-9]{15}[0-9]|T[0-9]{10}|[0-9]{9}|[0-9]{12}"),
    Carrier("UPSMI", "UPS Mail Innovations", ("UPS MI",)),
    Carrier("USPS", "USPS", ("United States Postal Service",), rf"[0-9]{{20,22}}|[0-9]{{26}}|{_POSTAL}"),
    Carrier("FedEx", "FedEx", ("Federal Express",), r"[0-9]{12}|[0-9]{15}|[0-9]{20}|[0-9]{22}|[0-9]{34}"),
    Carrier("FedEx SmartPost", "FedEx SmartPost", ("FedEx Ground Economy",)),
    Carrier("DHL", "DHL", ("DHL Express",), r"[0-9]{10,14}|[0-9]{20}|JJ?D[0-9A-Z]{8,24}"),
    Carrier("DHL eCommerce", "DHL eCommerce", ("DHL Global Mail",)),
    Carrier("OnTrac", "OnTrac"),
    Carrier("LaserShip", "LaserShip"),
    Carrier("Royal Mail", "Royal Mail", ("Parcelforce",)),
    Carrier("DPD", "DPD", ("Dynamic Parcel Distribution",), r"[0-9]{10}|[0-9]{14}[0-9A-Z]?|[0-9]{15}"),
    Carrier("Hermes", "Hermes", ("Evri", "myHermes")),
    Carrier("Yamato", "Yamato Transport", ("Yamato Transport", "Kuroneko", "ヤマト運輸"), r"[0-9]{12}"),
    Carrier("Sagawa", "Sagawa Express", ("Sagawa Express", "佐川急便"), r"[0-9]{10,12}"),
    Carrier("Japan Post", "Japan Post", ("JP Post", "日本郵便"), rf"[0-9]{{11,13}}|{_POSTAL}"),
    Carrier("SF Express", "SF Express", ("SF", "Shunfeng", "顺丰速运", "顺丰"), r"(SF)?[0-9]{12,15}"),
    Carrier("China Post", "China Post", ("EMS China", "中国邮政"), rf"[0-9]{{13}}|{_POSTAL}"),
    Carrier("YunExpress", "YunExpress", ("Yun Express", "云途物流", "云途")),
    Carrier("4PX", "4PX", ("4PX Express", "递四方")),
    Carrier("Yanwen", "Yanwen", ("燕文物流", "燕文")),
    Carrier("Correios", "Correios", ("Correios do Brasil",), _POSTAL),
    Carrier("Australia Post", "Australia Post", ("AusPost", "eParcel")),
    Carrier("Canada Post", "Canada Post", ("Postes Canada",), rf"[0-9]{{16}}|{_POSTAL}"),
    Carrier("Purolator", "Purolator"),
    Carrier("La Poste", "La Poste", ("Colissimo", "Chronopost")),
    Carrier("Deutsche Post", "Deutsche Post"),
    Carrier("GLS", "GLS", ("General Logistics Systems",)),
    Carrier("TNT", "TNT"),
    Carrier("PostNL", "PostNL"),
    Carrier("Correos", "Correos", ("Correos España",)),
    Carrier("Poste Italiane", "Poste Italiane"),
    OTHER,
)


@lru_cache(maxsize=1024)
def known_carrier(code: str) -> Carrier | None:
    """The carrier of this code or name, however it is capitalised, spaced or hyphenated; None if the list has none."""
    return _BY_NAME.get(_plain(code))


def tracking_warning(carrier_code: str, tracking: str) -> bool:
    """Whether to warn that the number does not look like one of this carrier's; of carriers outside the list never."""
    carrier = known_carrier(carrier_code)
    if carrier is None or carrier is OTHER:
        return False
    number = tracking.replace(" ", "").replace("-", "").upper()
    return _FORMS[carrier.code].fullmatch(number) is None or not _check_digit_holds(carrier, number)


def _check_digit_holds(carrier: Carrier, number: str) -> bool:
    """Whether the number's own check digit agrees, for the forms that have one."""
    if _POSTAL_FORM.fullmatch(number):
        return _holds_for_post(number)
    if carrier.code == "UPS" and number.startswith("1Z"):
        return _holds_for_ups(number)
    if carrier.code == "USPS":
        return _holds_modulo_10(number) or (len(number) == 20 and _holds_modulo_10("91" + number))
    return True


def _holds_for_ups(number: str) -> bool:
    """After 1Z, letters count as A=2, B=3 and so on modulo 10; every second character counts double."""
    values = number[2:-1].encode().translate(_UPS_VALUES)
    return -(sum(values) + sum(values[1::2])) % 10 == int(number[-1])


def _holds_modulo_10(digits: str) -> bool:
    """Counted from the check digit on, every second digit counts three times, and all come to a multiple of ten.

    A label of 20 digits leaves out the leading 91 that its check digit was made with.
    """
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values) + 2 * sum(values[1::2])) % 10 == 0


def _holds_for_post(number: str) -> bool:
    """Eight digits weighted 8 6 4 2 3 5 9 7, modulo 11; 10 is written as 0 and 11 as 5."""
    total = sum(int(digit) * weight for digit, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check) == int(number[10])


def _plain(name: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


_UPS_VALUES = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", bytes([*range(10), *(n % 10 for n in range(2, 28))])
)
_FORMS = {carrier.code: re.compile(carrier.form) for carrier in CARRIERS}
_POSTAL_FORM = re.compile(_POSTAL)
_BY_NAME = {_plain(name): carrier for carrier in CARRIERS for name in (carrier.code, carrier.name, *carrier.aliases)}
