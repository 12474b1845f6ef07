"""What stands in the way of a listing, or is only worth knowing: issues, each a refusal of one attribute."""

from enum import StrEnum
from typing import NamedTuple

from tradepost.refusals import Reason, Refusal


class Severity(StrEnum):
    """An error keeps a submission from being accepted; a warning does not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Issue(NamedTuple):
    """One thing about a listing; `attribute` is None where it is about none. Its sentence is the refusal's."""

    refusal: Refusal
    attribute: str | None
    severity: Severity = Severity.ERROR

    @property
    def code(self) -> str:
        """What clients tell issues apart by."""
        return _CODES[self.refusal.reason]

    @property
    def categories(self) -> list[str]:
        """What kind of issue it is, in the words of the seller API."""
        if self.refusal.reason is Reason.ATTRIBUTE_MISSING:
            return ["MISSING_ATTRIBUTE"]
        if self.attribute is None:
            return []
        return ["INVALID_PRICE" if self.attribute in _PRICES else "INVALID_ATTRIBUTE"]


_CODES = {
    Reason.OFFER_NOT_FOUND: "13013",
    Reason.ATTRIBUTE_MISSING: "90220",
    Reason.INVALID_VALUE: "90000900",
    Reason.CHANNEL_NOT_SERVED: "90000901",
}
_PRICES = ("purchasable_offer", "list_price")


def invalid(attribute: str, problem: str) -> Issue:
    """An attribute that cannot be what was said."""
    return Issue(Refusal(Reason.INVALID_VALUE, {"field": attribute, "problem": problem}), attribute)


def missing(attribute: str) -> Issue:
    """An attribute that a listing needs."""
    return Issue(Refusal(Reason.ATTRIBUTE_MISSING, {"attribute": attribute}), attribute)


def not_listed(sku: str) -> Issue:
    """There is nothing under this SKU to change."""
    return Issue(Refusal(Reason.OFFER_NOT_FOUND, {"sku": sku}), None)


def not_served(channel: str) -> Issue:
    """Stock in a channel that nothing is sold from."""
    refusal = Refusal(Reason.CHANNEL_NOT_SERVED, {"channel": channel})
    return Issue(refusal, "fulfillment_availability", Severity.WARNING)
