"""What the add-on adds to SuiteCRM, read from the package itself (integrations/suitecrm)."""

from __future__ import annotations

import re
from pathlib import Path

from dev.crm.schema import COMMISSIONS, Schema

PACKAGE = Path(__file__).resolve().parents[2] / "integrations" / "suitecrm" / "dealwire"

_CUSTOM = re.compile(r"array\('(\w+)', '(\w+_c)', '(\w+)', (\d+|''), '([^']*)'\)")
_OWN = re.compile(r"'name' => '(\w+)', 'vname' => '\w+', 'type' => '(\w+)'(?:, 'len' => '?([0-9,]+)'?)?")


def shipped() -> Schema:
    """Module to the fields that the package adds: name to (type, length)."""
    fields: dict[str, dict[str, tuple[str, str | int]]] = {}
    for module, name, kind, length, scale in _CUSTOM.findall((PACKAGE / "manifest.php").read_text(encoding="utf-8")):
        size = length.strip("'")
        told: str | int = f"{size},{scale}" if kind == "decimal" else int(size) if size else ""
        fields.setdefault(module, {})[name] = (kind, told)
    text = (PACKAGE / "modules" / COMMISSIONS / "vardefs.php").read_text(encoding="utf-8")
    for name, kind, length in _OWN.findall(text):
        fields.setdefault(COMMISSIONS, {})[name] = (kind, int(length) if length.isdigit() else length)
    return fields
