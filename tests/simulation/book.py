"""What a checker has found of one seed so far, and how what the CRM holds is compared with what it should hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from dev.crm import values
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES
from tests.simulation.evidence import Answered, Evidence, Violation, Wrong
from tests.simulation.folding import Expected, PersonKey

_KINDS = {CONTACTS: "contact", OPPORTUNITIES: "deal", COMMISSIONS: "commission"}


@dataclass
class Book:
    """What was found so far.

    Attributes:
        evidence: of the seed.
        expected: what all should be.
        wrong: what is not.
        contacts: person to the record that is theirs.
        edited: (record, field) that people changed.
        made: records that people made in the place of ours.
        gone: records that people took away.
        shared: addresses of more than one person.
        left_links: our names of deals of which people want a link no more, whichever record the deal has by now.
        asked: records that people are asked about.
    """

    evidence: Evidence
    expected: Expected
    wrong: list[Violation] = field(default_factory=list)
    contacts: dict[PersonKey, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        people = [entry for entry in self.evidence.log if entry.call_no == 0]
        self.edited = {(entry.id, name): text for entry in people if entry.verb == "edit"
                       for name, text in entry.fields.items()}  # fmt: skip
        self.made = {
            entry.id: entry.fields for entry in people if entry.verb == "create" and entry.id.startswith("human-")
        }
        self.gone = {entry.id for entry in people if entry.verb in ("delete", "merge", "purge")}
        held = Counter(person.values.get("email", "") for person in self.expected.people.values())
        self.shared = {address for address, count in held.items() if address and count > 1}
        left = [one for one in self.evidence.answers if one.kind == "link" and one.decision == "leave"]
        deals = {remote_id.partition("/")[0] for one in left for remote_id in one.remote_ids}
        self.left_links = {entry.fields["dw_external_id_c"] for entry in self.evidence.log
                           if entry.id in deals and "dw_external_id_c" in entry.fields}  # fmt: skip
        self.asked = {one for ask in self.evidence.asks for one in ask.remote_ids}

    def add(self, kind: Wrong, words: str) -> None:
        """Something is wrong."""
        self.wrong.append(Violation(kind, words))

    def live(self, module: str) -> Mapping[str, Mapping[str, str]]:
        """Records of a module that are not deleted."""
        return self.evidence.holdings.live.get(module, {})

    def dead(self, module: str) -> Mapping[str, Mapping[str, str]]:
        """Records of a module that are."""
        return self.evidence.holdings.gone.get(module, {})

    def answer_about(self, module: str, ids: Iterable[str]) -> Answered | None:
        """What people decided last about one of these records."""
        about = set(ids)
        found = [
            one for one in self.evidence.answers if one.kind == _KINDS[module] and about & {*one.remote_ids, one.chosen}
        ]
        return found[-1] if found else None

    def is_explained(self, module: str, fits: Callable[[str], bool]) -> bool:
        """Whether people took the record away, and were not asked or did not want it back; or are asked about it."""
        taken = {one for one in self.dead(module) if one in self.gone and fits(one)}
        answers = [one for one in self.evidence.answers if one.kind == _KINDS[module] and one.remote_ids & taken]
        # Whom people chose, and then took away, was chosen before: nobody was asked about that.
        wanted = sum(one.decision in ("recreate", "adopt") and one.chosen not in taken for one in answers)
        if any(one.decision == "leave" for one in answers) or len(taken) > wanted:
            return True
        return bool(self.asked & {*self.live(module), *taken})

    def compare(
        self, module: str, record_id: str, wanted: Mapping[str, str], past: Mapping[str, Iterable[str]],
        theirs: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """What the record holds with what it should hold.

        Args:
            module: of the record.
            record_id: in the CRM.
            wanted: field to text.
            past: field to every text that it should have held once.
            theirs: fields that people had filled before us.
        """
        if record_id in self.asked:
            return
        held = self.live(module)[record_id]
        for name, text in wanted.items():
            if same(name, held.get(name, ""), text) or self._is_edited(record_id, name, theirs):
                continue
            older = any(same(name, held.get(name, ""), str(one)) for one in past.get(name, ()))
            kind = Wrong.MISORDERED if older else Wrong.WRONG
            self.add(kind, f"{module} {record_id}: {name} is {held.get(name, '')!r} and should be {text!r}")

    def changed_since(self, module: str, dead: Collection[str], wanted: Mapping[str, str]) -> None:
        """Of a record that people deleted and that has changed since, people are asked; whoever writes it sees that."""
        answer = self.answer_about(module, dead)
        if not dead or self.asked & set(dead) or (answer is not None and answer.decision == "leave"):
            return
        held = [(one, self.dead(module)[one]) for one in dead]
        if all(self._differs(one, fields, wanted) for one, fields in held):
            self.add(Wrong.WRONG, f"{module} {sorted(dead)} was deleted and changed since, and nobody is asked")

    def _differs(self, record_id: str, held: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
        ours = [name for name in wanted if (record_id, name) not in self.edited]
        return any(not same(name, held.get(name, ""), wanted[name]) for name in ours)

    def _is_edited(self, record_id: str, name: str, theirs: Iterable[str]) -> bool:
        """Whether people changed it, and nothing has mended that or will."""
        return (record_id, name) in self.edited and (name in theirs or not self.evidence.mended)


def same(name: str, held: str, wanted: str) -> bool:
    """Whether the CRM holds what it makes of the text."""
    if held == wanted:
        return True
    try:
        return float(held or "0") == float(wanted or "0")
    except ValueError:
        return held == values.plain(values.stored(wanted, "varchar", 255 if name.startswith("dw_") else 100)).strip()
