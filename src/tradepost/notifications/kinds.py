"""The notifications that there are, by the names that the seller API has for them."""

from enum import StrEnum


class Kind(StrEnum):
    """A type of notification."""

    ORDER_CHANGE = "ORDER_CHANGE"
    QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
    FEED_FINISHED = "FEED_PROCESSING_FINISHED"
    REPORT_FINISHED = "REPORT_PROCESSING_FINISHED"


class ChangeType(StrEnum):
    """What ORDER_CHANGE tells of an order; a subscription may ask for some of it."""

    STATUS = "OrderStatusChange"
    BUYER_REQUEST = "BuyerRequestedChange"


VERSIONS = {
    Kind.ORDER_CHANGE: "1.0",
    Kind.QUANTITY_CHANGE: "1.0",
    Kind.FEED_FINISHED: "2020-09-04",
    Kind.REPORT_FINISHED: "2020-09-04",
}
"""The version of each that is told: of its payload, and of what is around it."""
