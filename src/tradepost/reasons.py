"""The name of every "no" of the process."""

from enum import StrEnum


class Reason(StrEnum):
    """The name of a "no"."""

    # whose, and whether there is such a thing
    ORDER_NOT_FOUND = "order_not_found"
    OFFER_NOT_FOUND = "offer_not_found"
    LINE_NOT_FOUND = "line_not_found"
    PACKAGE_NOT_FOUND = "package_not_found"
    NOT_YOUR_ACT = "not_your_act"
    # checkout
    CART_IS_EMPTY = "cart_is_empty"
    OFFER_IS_CLOSED = "offer_is_closed"
    OUT_OF_STOCK = "out_of_stock"
    TOO_MUCH_UNVERIFIED = "too_much_unverified"
    CART_IS_MIXED_UP = "cart_is_mixed_up"
    CART_IS_FULL = "cart_is_full"
    ADDRESS_INCOMPLETE = "address_incomplete"
    ADDRESS_NOT_VALID = "address_not_valid"
    ADDRESS_NOT_IN_BOOK = "address_not_in_book"
    ADDRESS_BOOK_IS_FULL = "address_book_is_full"
    # what the state of an order does not allow
    ORDER_IS_PENDING = "order_is_pending"
    ORDER_IS_RELEASED = "order_is_released"
    ORDER_IS_SHIPPED = "order_is_shipped"
    ORDER_IS_CANCELED = "order_is_canceled"
    HOLD_IS_OVER = "hold_is_over"
    ALREADY_APPROVED = "already_approved"
    VERIFICATION_IS_OVER = "verification_is_over"
    NOTHING_SHIPPED = "nothing_shipped"
    CANCELLATION_ALREADY_REQUESTED = "cancellation_already_requested"
    ALREADY_REMINDED = "already_reminded"
    ALREADY_DELIVERED = "already_delivered"
    # values
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    QUANTITY_TOO_LARGE = "quantity_too_large"
    NOTHING_LEFT = "nothing_left"
    UNKNOWN_CANCEL_REASON = "unknown_cancel_reason"
    CARRIER_NEEDED = "carrier_needed"
    CARRIER_NAME_NEEDED = "carrier_name_needed"
    PACKAGE_QUANTITIES_FIXED = "package_quantities_fixed"
    SEVERAL_PACKAGES = "several_packages"
    ITEM_NEEDED = "item_needed"
    SHIP_DATE_IN_FUTURE = "ship_date_in_future"
    SHIP_DATE_BEFORE_ORDER = "ship_date_before_order"
    INVALID_VALUE = "invalid_value"
    # accounts and files
    PROFESSIONAL_PLAN_NEEDED = "professional_plan_needed"
    FILE_ALREADY_APPLIED = "file_already_applied"
    SELLER_NOT_FOUND = "seller_not_found"
    BUYER_NOT_FOUND = "buyer_not_found"
    MARKETPLACE_NOT_FOUND = "marketplace_not_found"
    NAME_TAKEN = "name_taken"
    # keys and requests
    KEY_NEEDED = "key_needed"
    KEY_NOT_FOUND = "key_not_found"
    KEY_HAS_ENDED = "key_has_ended"
    SCOPE_NOT_ENOUGH = "scope_not_enough"
    NO_SUCH_ADDRESS = "no_such_address"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    UNAVAILABLE = "unavailable"
    BUG = "bug"
    # the seller API
    APPLICATION_NOT_FOUND = "application_not_found"
    APPLICATION_UNKNOWN = "application_unknown"
    OLD_SECRET_STILL_OPENS = "old_secret_still_opens"  # noqa: S105
    GRANT_NOT_VALID = "grant_not_valid"
    TOKEN_NEEDED = "token_needed"  # noqa: S105
    TOKEN_HAS_ENDED = "token_has_ended"  # noqa: S105
    TOKEN_NOT_FOR_THIS = "token_not_for_this"  # noqa: S105
    QUOTA_EXCEEDED = "quota_exceeded"
    ATTRIBUTE_MISSING = "attribute_missing"
    CHANNEL_NOT_SERVED = "channel_not_served"
    # documents and feeds
    DOCUMENT_NOT_FOUND = "document_not_found"
    ADDRESS_NOT_SIGNED = "address_not_signed"
    ADDRESS_HAS_ENDED = "address_has_ended"
    FEED_NOT_FOUND = "feed_not_found"
    FEED_HAS_BEGUN = "feed_has_begun"
    REPORT_NOT_FOUND = "report_not_found"
    REPORT_HAS_BEGUN = "report_has_begun"
    REPORT_SCHEDULE_NOT_FOUND = "report_schedule_not_found"
    # notifications
    DESTINATION_NOT_FOUND = "destination_not_found"
    DESTINATION_EXISTS = "destination_exists"
    DESTINATION_IN_USE = "destination_in_use"
    TOO_MANY_DESTINATIONS = "too_many_destinations"
    EVENT_BRIDGE_NOT_OFFERED = "event_bridge_not_offered"
    SUBSCRIPTION_NOT_FOUND = "subscription_not_found"
    SUBSCRIPTION_EXISTS = "subscription_exists"
    NOTIFICATION_TYPE_NOT_OFFERED = "notification_type_not_offered"
    PAYLOAD_VERSION_NOT_OFFERED = "payload_version_not_offered"
    TEST_NOT_OFFERED = "test_not_offered"
    # webhooks
    ENDPOINT_NOT_FOUND = "endpoint_not_found"
    TOO_MANY_ENDPOINTS = "too_many_endpoints"
    # the clock
    CLOCK_IS_REAL = "clock_is_real"
    CLOCK_IS_IN_USE = "clock_is_in_use"
    TIME_ONLY_MOVES_FORWARD = "time_only_moves_forward"
