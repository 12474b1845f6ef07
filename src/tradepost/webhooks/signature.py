"""Secrets and signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, moment and body."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from secrets import token_bytes

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A new secret, in the form that receivers paste into their settings."""
    return _PREFIX + b64encode(token_bytes(_SECRET_BYTES)).decode()


def sign(secrets: Sequence[str], message_id: str, moment: int, body: bytes) -> str:
    """The header webhook-signature, with a signature for each secret that is valid; `moment` in seconds since 1970."""
    signed = f"{message_id}.{moment}.".encode() + body
    keys = [b64decode(secret.removeprefix(_PREFIX)) for secret in secrets]
    return " ".join("v1," + b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
