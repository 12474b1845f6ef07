"""The kinds of feeds that there are, by the names that sellers' software knows."""

from collections.abc import Mapping

from tradepost.feeds import confirmations
from tradepost.feeds.kind import Kind

KINDS: Mapping[str, Kind] = {
    "POST_FLAT_FILE_FULFILLMENT_DATA": Kind(
        confirmations.read, confirmations.apply, confirmations.report, confirmations.enter
    ),
}
