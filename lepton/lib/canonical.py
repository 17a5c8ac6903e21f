"""One way to write data down as bytes, so that its hash means the data."""

import hashlib
import json


def canonical(data) -> str:
    """Return JSON with sorted keys, no spaces, and whole numbers without a fraction.

    The last because PostgreSQL's jsonb gives 1e16 back as an integer (RFC 8785 writes it so too).
    """
    plain = _plain(data)
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of(data) -> str:
    """Return the sha256 of `canonical(data)` in hexadecimal."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def _plain(data):
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and data.is_integer():
        return int(data)
    return data
