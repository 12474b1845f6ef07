"""Every "no" as an HTTP answer: an RFC 9457 problem document with the refusal's name, its sentence and its facts."""

import msgspec

from tradepost.ground.answers import Answer
from tradepost.refusals import Reason, Refusal

MEDIA_TYPE = b"application/problem+json"

_STATUS = {
    Reason.ORDER_NOT_FOUND: 404,
    Reason.OFFER_NOT_FOUND: 404,
    Reason.LINE_NOT_FOUND: 404,
    Reason.PACKAGE_NOT_FOUND: 404,
    Reason.SELLER_NOT_FOUND: 404,
    Reason.BUYER_NOT_FOUND: 404,
    Reason.MARKETPLACE_NOT_FOUND: 404,
    Reason.KEY_NOT_FOUND: 404,
    Reason.ENDPOINT_NOT_FOUND: 404,
    Reason.APPLICATION_NOT_FOUND: 404,
    Reason.NO_SUCH_ADDRESS: 404,
    Reason.NOT_YOUR_ACT: 403,
    Reason.SCOPE_NOT_ENOUGH: 403,
    Reason.PROFESSIONAL_PLAN_NEEDED: 403,
    Reason.TOKEN_NEEDED: 403,
    Reason.TOKEN_HAS_ENDED: 403,
    Reason.TOKEN_NOT_FOR_THIS: 403,
    Reason.KEY_NEEDED: 401,
    Reason.APPLICATION_UNKNOWN: 401,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.TOO_LARGE: 413,
    Reason.NOT_JSON: 400,
    Reason.GRANT_NOT_VALID: 400,
    Reason.ADDRESS_NOT_IN_BOOK: 404,
    Reason.ADDRESS_INCOMPLETE: 422,
    Reason.ADDRESS_NOT_VALID: 422,
    Reason.CART_IS_EMPTY: 422,
    Reason.CART_IS_MIXED_UP: 422,
    Reason.QUANTITY_NOT_POSITIVE: 422,
    Reason.QUANTITY_TOO_LARGE: 422,
    Reason.UNKNOWN_CANCEL_REASON: 422,
    Reason.CARRIER_NEEDED: 422,
    Reason.CARRIER_NAME_NEEDED: 422,
    Reason.ITEM_NEEDED: 422,
    Reason.SHIP_DATE_IN_FUTURE: 422,
    Reason.SHIP_DATE_BEFORE_ORDER: 422,
    Reason.INVALID_VALUE: 422,
    Reason.IDEMPOTENCY_KEY_REUSED: 422,
    Reason.TOO_MANY_REQUESTS: 429,
    Reason.QUOTA_EXCEEDED: 429,
    Reason.BUG: 500,
    Reason.UNAVAILABLE: 503,
}

_FIELDS = {
    "carrier-code": "carrier_code",
    "carrier-name": "carrier_name",
    "ship-method": "ship_method",
    "tracking-number": "tracking",
    "package reference": "reference",
    "handling days": "handling_days",
    "payment": "payment_token",
}
"""What requests call the fields that the rooms name as people and sellers' files do."""


def status_of(reason: Reason) -> int:
    """The HTTP status of a refusal; 409 where the state of things is in the way."""
    return _STATUS.get(reason, 409)


def refused(refusal: Refusal, language: str) -> Answer:
    """The answer that says no. `language` is what the caller understands best, "en" or "zh"."""
    status = status_of(refusal.reason)
    if (field := refusal.facts.get("field")) in _FIELDS:
        refusal = Refusal(refusal.reason, {**refusal.facts, "field": _FIELDS[str(field)]})
    document = {
        "type": f"/api/v1/problems/{refusal.reason}",
        "title": refusal.reason.replace("_", " ").capitalize(),
        "status": status,
        "detail": refusal.sentence(language),
        "reason": refusal.reason,
        **{name: fact for name, fact in refusal.facts.items() if name not in ("type", "title", "status", "detail")},
    }
    return Answer(status, _ENCODER.encode(document))


def _text(value: object) -> str:
    return str(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_text)
