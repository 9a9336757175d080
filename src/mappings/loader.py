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


#: Versions that were in force once: `history/<source>/<version>.json`.
HISTORY = BUILT / "history"


@lru_cache
def mapping(source: str, version: int | None = None) -> Mapping:
    """The mapping of one source: as it is now, or as an older version of it was.

    Raises:
        ConfigurationError: there is none.
    """
    if version is not None and version != mapping(source).version:
        return _older(source, version)
    known = sorted(file.stem for file in BUILT.glob("*.json"))
    if source not in known:
        raise ConfigurationError(
            f"no mapping for source {source!r} (there are: {', '.join(known) or 'none'}); "
            f"write src/mappings/{source}.yaml and run `python -m mappings.compiler`"
        )
    return from_built(json.loads((BUILT / f"{source}.json").read_text(encoding="utf-8")))


def _older(source: str, version: int) -> Mapping:
    file = HISTORY / source / f"{version}.json"
    if not file.is_file():
        kept = ", ".join(sorted(path.stem for path in file.parent.glob("*.json"))) or "none"
        raise ConfigurationError(
            f"version {version} of mapping {source} was not kept (older ones kept: {kept}; now: "
            f"{mapping(source).version}); map as now, or put its file back under src/mappings/built/history"
        )
    return from_built(json.loads(file.read_text(encoding="utf-8")))
