"""PDFs that come with an answer."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple


class Written(NamedTuple):
    """A PDF on this machine."""

    file: Path
    size: int
    digest: str

    def told(self) -> str:
        """Where it is, for people."""
        return f"{self.file} has {self.size:,} bytes, SHA-256 {self.digest}"

    def as_json(self) -> dict[str, str | int]:
        """Where it is, for scripts."""
        return {"file": str(self.file), "bytes": self.size, "sha256": self.digest}


def write_pdf(file: Path, pdf_base64: str) -> Written:
    """Write it, and tell its SHA-256 in hex. A file that is there is replaced."""
    body = base64.b64decode(pdf_base64)
    file.write_bytes(body)
    return Written(file, len(body), sha256(body).hexdigest())
