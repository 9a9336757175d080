"""The mappings at run time: prebuilt, so that a cold start reads one small JSON file and no YAML."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from domain.errors import ConfigurationError
from mappings.model import Mapping, from_built

__all__ = ["BUILT", "Mapping", "mapping"]

#: Where the compiler puts its results; `python -m mappings.compiler` rewrites them.
BUILT = Path(__file__).with_name("built")


@lru_cache
def mapping(source: str) -> Mapping:
    """The mapping of one source.

    Raises:
        ConfigurationError: there is none.
    """
    known = sorted(file.stem for file in BUILT.glob("*.json"))
    if source not in known:
        raise ConfigurationError(
            f"no mapping for source {source!r} (there are: {', '.join(known) or 'none'}); "
            f"write src/mappings/{source}.yaml and run `python -m mappings.compiler`"
        )
    return from_built(json.loads((BUILT / f"{source}.json").read_text(encoding="utf-8")))
