"""The kinds of feeds that there are, by the names that sellers' software knows."""

from tradepost.feeds import cancellations, confirmations, flat_report, json_listings, quantities, xml_orders
from tradepost.feeds.kind import Kind
from tradepost.feeds.xml_report import xml_report

KINDS: dict[str, Kind] = {
    "POST_FLAT_FILE_FULFILLMENT_DATA": Kind(
        confirmations.read, confirmations.apply, flat_report.of_orders, confirmations.enter, confirmations.leave
    ),
    "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA": Kind(cancellations.read, cancellations.apply, flat_report.of_orders),
    "POST_ORDER_FULFILLMENT_DATA": Kind(
        xml_orders.read_fulfillments,
        xml_orders.apply_fulfillments,
        xml_report,
        confirmations.enter,
        confirmations.leave,
    ),
    "POST_ORDER_ACKNOWLEDGEMENT_DATA": Kind(
        xml_orders.read_acknowledgements, xml_orders.apply_acknowledgements, xml_report
    ),
    "JSON_LISTINGS_FEED": Kind(json_listings.read, json_listings.apply, json_listings.report),
    "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA": Kind(
        quantities.read_prices_and_quantities, quantities.apply, flat_report.of_listings, takes_quantities=True
    ),
    "POST_FLAT_FILE_INVLOADER_DATA": Kind(
        quantities.read_loader, quantities.apply, flat_report.of_listings, takes_quantities=True
    ),
}
