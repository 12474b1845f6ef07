"""The walk through all operations: it comes last, and looks back on what the other tests in this folder have seen."""

import pytest

from tests.selling_partner_api.conftest import whole_folder
from tests.selling_partner_api.model import Models, Walk

SERVED = (
    "orders/v0",
    "orders/2026-01-01",
    "tokens/2021-03-01",
    "sellers/v1",
    "listings/2021-08-01",
    "feeds/2021-06-30",
    "reports/2021-06-30",
    "notifications/v1",
)
ERRORS = (400, 403, 429)
CANNOT_BE = {
    "orders/v0 updateShipmentStatus 204",  # nothing is picked up in a store
    "orders/v0 updateVerificationStatus 204",  # no goods are regulated
    "sellers/v1 getMarketplaceParticipations 400",  # nothing is asked
    "sellers/v1 getAccount 400",
    "feeds/2021-06-30 getFeed 400",  # of what is no number there is none: 404
    "feeds/2021-06-30 getFeedDocument 400",
    "reports/2021-06-30 getReport 400",
    "reports/2021-06-30 getReportDocument 400",
    "reports/2021-06-30 getReportSchedule 400",
    "reports/2021-06-30 cancelReportSchedule 400",
    "notifications/v1 getDestinations 400",
    "notifications/v1 getDestination 400",
    "notifications/v1 deleteDestination 400",
}


def test_every_operation_was_seen_to_succeed_and_to_fail(
    models: Models, walk: Walk, request: pytest.FixtureRequest
) -> None:
    if not whole_folder(request.session):
        pytest.skip("only a part of the folder's tests has run")
    missing = {*walk.missing(models.of(*SERVED), *ERRORS)} - CANNOT_BE
    assert not missing, "never seen: " + ", ".join(sorted(missing))
