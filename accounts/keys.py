"""The format of API keys: `lep_` + 40 random characters + 6 of checksum.

The checksum lets a client or a secret scanner tell a real key from a typing error without asking
the server. Only the SHA-256 of the whole key is stored; with 238 bits of randomness in it, a
slow hash would add nothing.
"""

import hashlib
import secrets
import string
import zlib

PREFIX = "lep_"
ALPHABET = string.ascii_letters + string.digits
_BODY, _CHECK = 40, 6


def generate() -> str:
    """Return a new key, 50 characters long."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return PREFIX + body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Say whether prefix, length, alphabet and checksum fit; says nothing of validity."""
    body = key[len(PREFIX) : -_CHECK]
    return (
        key.startswith(PREFIX)
        and len(key) == len(PREFIX) + _BODY + _CHECK
        and key.isascii()
        and key[len(PREFIX) :].isalnum()
        and key.endswith(_checksum(body))
    )


def digest(key: str) -> str:
    """Return the SHA-256 of a key as 64 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    """CRC-32 of the body in base 62, six characters."""
    number, characters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, rest = divmod(number, len(ALPHABET))
        characters = ALPHABET[rest] + characters
    return characters
