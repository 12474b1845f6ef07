"""What may be said of an account or a marketplace: each check refuses a value by the name of its field."""

import re
from functools import cache
from unicodedata import category

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from tradepost.ground.database import storable
from tradepost.notices.post import address_of
from tradepost.people.records import BuyerAccount, SellerAccount
from tradepost.refusals import NOT_TEXT, Reason, Refused

PLANS = ("individual", "professional")
MOST_NAME = 200  # characters
MOST_HANDLING_DAYS = 60
MOST_EXTRA_DAYS = 366  # days on which a seller works besides the usual ones

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}", re.ASCII)


def check_seller(account: SellerAccount) -> None:
    """Everything of a seller account but whose it is and where."""
    check_name(account.name)
    check_email(account.email)
    check_locale(account.locale)
    if account.plan not in PLANS:
        raise _invalid("plan", f"it must be {' or '.join(PLANS)}")
    if not 0 <= account.handling_days <= MOST_HANDLING_DAYS:
        raise _invalid("handling_days", f"they must be from 0 to {MOST_HANDLING_DAYS}")
    if account.cut_off.tzinfo is not None:
        raise _invalid("cut_off", "it is a time of day in the marketplace's zone, such as 14:00:00, without an offset")
    if not set(account.operating_weekdays) <= set(range(7)):
        raise _invalid("operating_weekdays", "they are numbers from 0 for Monday to 6 for Sunday")
    if len(account.works_on) > MOST_EXTRA_DAYS:
        raise _invalid("works_on", f"it may have {MOST_EXTRA_DAYS} days at most")


def check_buyer(account: BuyerAccount) -> None:
    """Everything of a buyer account but whose it is."""
    check_name(account.name)
    check_email(account.email)
    check_locale(account.locale)


def check_id(field: str, text: str) -> None:
    """What names an account: it stands in addresses and files."""
    if not _ID.fullmatch(text):
        raise _invalid(field, "it needs 1 to 64 of the signs A-Z a-z 0-9 . _ - and begins with a letter or a digit")


def check_name(name: str) -> None:
    """What people read: a line of text."""
    if not name.strip() or len(name) > MOST_NAME:
        raise _invalid("name", f"it needs 1 to {MOST_NAME} characters")
    if any(category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
        raise _invalid("name", NOT_TEXT)


def check_email(email: str | None) -> None:
    """One address that mail can be sent to, or none."""
    if email is not None and (not storable(email) or address_of(email) is None):
        raise _invalid("email", "it must be one address such as orders@example.com")


def check_locale(locale: str) -> None:
    """A language, and maybe a country, in which somebody is written to."""
    try:
        if not _LOCALE.fullmatch(locale):
            raise ValueError(locale)
        Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        raise _invalid("locale", "it must be one that is known, such as en or zh_CN") from None


def check_country(country: str) -> None:
    """A country by its two letters."""
    if country not in _countries_and_currencies()[0]:
        raise _invalid("country", "it must be the two capital letters of a country, such as US")


def check_currency(currency: str) -> None:
    """A currency by its three letters."""
    if currency not in _countries_and_currencies()[1]:
        raise _invalid("currency", "it must be the three capital letters of a currency in use, such as USD")


@cache
def _countries_and_currencies() -> tuple[frozenset[str], frozenset[str]]:
    """The countries that there are, and the currencies that are legal tender in one of them (CLDR)."""
    tender = {
        (country, currency)
        for country, rows in get_global("territory_currencies").items()
        for currency, _, until, is_tender in rows
        if until is None and is_tender
    }
    return frozenset(country for country, _ in tender) - {"EU"}, frozenset(currency for _, currency in tender)


def _invalid(field: str, problem: str) -> Refused:
    return Refused(Reason.INVALID_VALUE, field=field, problem=problem)
