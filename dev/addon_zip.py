"""The SuiteCRM add-on as the zip file that Admin > Module Loader takes, and the table of its README.

python -m dev.addon_zip            write dealwire-suitecrm-VERSION.zip, always the same bytes for the same files
python -m dev.addon_zip --readme   bring the README's table in step with src/mappings/crm/suitecrm.yaml
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from pathlib import Path

from mappings.crm.loader import crm_mapping
from mappings.crm.model import FieldLine, Form, Owner

ADDON = Path(__file__).parents[1] / "integrations/suitecrm"
PACKAGE = ADDON / "dealwire"
README = ADDON / "README.md"

#: Between these lines of the README stands what this module writes.
START, END = "<!-- table: python -m dev.addon_zip --readme -->", "<!-- end of table -->"

#: Zip files know no time before; the files' own times would make each build another file.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def version() -> str:
    """The package's version, as its manifest says."""
    found = re.search(r"'version' => '([0-9.]+)'", (PACKAGE / "manifest.php").read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{PACKAGE / 'manifest.php'} names no version; expected a line 'version' => '1.0.0',")
    return found[1]


def build(folder: Path) -> Path:
    """Write the zip file into the folder and return its path."""
    target = folder / f"dealwire-suitecrm-{version()}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(PACKAGE.rglob("*.php")):
            entry = zipfile.ZipInfo(file.relative_to(PACKAGE).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, whatever it is built on
            archive.writestr(entry, file.read_bytes())
    return target


def table() -> str:
    """The README's table: our field, the CRM's field, its length, who keeps it."""
    lines = ["| ours | SuiteCRM | length | kept by |", "|---|---|---|---|"]
    for kind, entry in crm_mapping("suitecrm").kinds.items():
        for line in entry.sent:
            owner = "Dealwire" if line.owner is Owner.DEALWIRE else "Dealwire, once"
            lines.append(f"| {kind} `{line.source}` | {entry.module}.`{line.name}` | {length(line)} | {owner} |")
        theirs = ", ".join(f"`{line.name}`" for line in entry.fields.values() if line.owner is Owner.CRM)
        if theirs:
            lines.append(f"| | {entry.module}: {theirs} | | people |")
    return "\n".join(lines)


def length(line: FieldLine) -> str:
    """A field's length for people."""
    if line.form is Form.MONEY:
        return "18,2"
    if line.form is Form.DECIMAL:
        return f"9,{line.scale}"
    return str(line.length or line.form)


def with_table(readme: str) -> str:
    """The README with the table as it should be."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table()}\n{END}{after}"


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readme", action="store_true", help="write the README's table")
    parser.add_argument("--to", type=Path, default=Path("dist"), help="folder of the zip file (dist)")
    options = parser.parse_args()
    if options.readme:
        README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {README if options.readme else build(options.to)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
