"""Digests stand for texts in unique keys.

MariaDB's default collation takes 'Alpine', 'alpine', 'Alpine ' and 'Älpine' for one text, and long texts
do not fit into its indexes.
"""

from __future__ import annotations

import hashlib
import json
import uuid


def digest(*parts: object) -> uuid.UUID:
    """Return the first 128 bits of the SHA-256 of `parts`, with the bits of UUID version 5.

    MariaDB's uuid type refuses some values without these bits.
    """
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=5)
