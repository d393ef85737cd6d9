"""Keys of 32 bytes as text, as they come from the environment or a file."""

import base64
import binascii

KEY_BYTES = 32


def decode_key(text: str) -> bytes:
    """Read a key: 32 bytes in base64. Raises ValueError without repeating the text."""
    try:
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("must be 32 bytes in base64")
    return key
