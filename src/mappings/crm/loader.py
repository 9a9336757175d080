"""The CRM mappings at run time: prebuilt, so that a cold start of `deliver` reads one small JSON file and no YAML."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from domain.errors import ConfigurationError
from mappings.crm.model import CrmMapping, from_built

__all__ = ["BUILT", "CrmMapping", "crm_mapping"]

#: Where the compiler puts its results; `python -m mappings.crm.compiler` rewrites them.
BUILT = Path(__file__).with_name("built")


@lru_cache
def crm_mapping(crm: str = "suitecrm") -> CrmMapping:
    """The mapping of one CRM.

    Raises:
        ConfigurationError: there is none.
    """
    known = sorted(file.stem for file in BUILT.glob("*.json"))
    if crm not in known:
        raise ConfigurationError(
            f"no mapping for CRM {crm!r} (there are: {', '.join(known) or 'none'}); "
            f"write src/mappings/crm/{crm}.yaml and run `python -m mappings.crm.compiler`"
        )
    return from_built(json.loads((BUILT / f"{crm}.json").read_text(encoding="utf-8")))
