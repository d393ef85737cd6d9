"""The secrets that Annals makes up for webhooks, in the form of Standard Webhooks 1.0.0."""

import base64
import hmac

from domain.webhooks.fields import BEGINNING


def derive_secret(seed: bytes) -> str:
    """Make a secret out of a seed, as random as that is: the same secret for the same seed."""
    return BEGINNING + base64.b64encode(hmac.digest(seed, b"webhook secret", "sha256")).decode()
