"""Secrets and signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, moment and body."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from secrets import token_bytes

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A new secret, in the form that receivers paste into their settings."""
    return _PREFIX + b64encode(token_bytes(_SECRET_BYTES)).decode()


def signed(secrets: Sequence[str], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a call, with a signature for each secret that is valid."""
    moment = str(int(now.timestamp()))
    what = f"{message_id}.{moment}.".encode() + body
    keys = [b64decode(secret.removeprefix(_PREFIX)) for secret in secrets]
    signatures = ("v1," + b64encode(hmac.digest(key, what, "sha256")).decode() for key in keys)
    return {"webhook-id": message_id, "webhook-timestamp": moment, "webhook-signature": " ".join(signatures)}
