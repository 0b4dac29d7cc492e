"""All rules, and all that they find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenantctl.cedar.lint import files, heads, inputs, reach, sizes, together, trust
from tenantctl.cedar.lint.rule import Finding, Rule, Severity
from tenantctl.cedar.lint.subject import Frame, Policy, Source, read
from tenantctl.cedar.lint.trying import Together, try_together
from tenantctl.cedar.statement import UnreadableError

_STATIC: Final = (*files.AUDITS, *heads.AUDITS, *inputs.AUDITS, *trust.AUDITS)

RULES: Final[tuple[Rule, ...]] = (
    files.MISPLACED,
    *files.UNREADABLE.values(),
    *(audit.rule for audit in _STATIC),
    *(audit.rule for audit in reach.AUDITS),
    *(audit.rule for audit in together.AUDITS),
    *(audit.rule for audit in sizes.AUDITS),
)
"""Every rule, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found, by file and line; `undecided` says where no claim could be made, and why."""

    findings: tuple[Finding, ...]
    files: int
    undecided: tuple[str, ...] = ()

    def failed(self, *, strict: bool = False) -> bool:
        """Whether there are errors, or with `strict` warnings."""
        bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(finding.rule.severity in bad for finding in self.findings)

    @property
    def summary(self) -> str:
        """`12 files: 1 error, 2 warnings`."""
        seen = Counter(finding.rule.severity for finding in self.findings)
        counted = ", ".join(_plural(seen[one], _NOUNS[one]) for one in Severity if seen[one])
        return f"{_plural(self.files, 'file')}: {counted or 'nothing found'}"

    def document(self) -> dict[str, object]:
        """The whole as JSON."""
        return {
            "findings": [finding.document() for finding in self.findings],
            "files": self.files,
            "undecided": list(self.undecided),
        }


def lint(sources: Sequence[Source], frame: Frame, known: Sequence[Finding] = ()) -> Linted:
    """Hold every file against every rule; `known` is what is wrong with files that aren't given.

    What policies reach, alone and together, is asked only of those that are without errors so
    far. Raises `PolicyInvalidError` for tools without a schema.
    """
    found = list(known)
    readable: list[Policy] = []
    sound: list[Policy] = []
    for source in sources:
        try:
            policy = read(source, frame)
        except UnreadableError as error:
            line = None if error.place is None else error.place.line
            found.append(Finding(files.UNREADABLE[error.flaw], source.file, line, error.message))
            continue
        readable.append(policy)
        wrong = tuple(_alone(policy, frame))
        found += wrong
        if not any(finding.rule.severity is Severity.ERROR for finding in wrong):
            sound.append(policy)
    world = try_together(sound, frame)
    found += _evaluated(world, frame)
    for size in sizes.AUDITS:
        found += (
            Finding(size.rule, what, None, message, in_file=False)
            for what, message in size.find(readable, frame)
        )
    order = sorted(found, key=lambda one: (one.file, one.line or 0, one.rule.id, one.message))
    return Linted(tuple(order), len(sources) + len({one.file for one in known}), world.undecided)


def _alone(policy: Policy, frame: Frame) -> Iterator[Finding]:
    for audit in _STATIC:
        for hit in audit.find(policy, frame):
            yield Finding(audit.rule, policy.source.file, hit.line, hit.message)


def _evaluated(world: Together, frame: Frame) -> Iterator[Finding]:
    for number, policy in enumerate(world.policies):
        reached = world.reach(number, frame)
        for one in reach.AUDITS:
            for hit in one.find(policy, frame, reached):
                yield Finding(one.rule, policy.source.file, hit.line, hit.message)
    for audit in together.AUDITS:
        for policy, hit in audit.find(world):
            yield Finding(audit.rule, policy.source.file, hit.line, hit.message)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 or noun == "info" else f"{number} {noun}s"


_NOUNS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
