"""Answer the cases of `tenantctl iam simulate`: a line of JSON each, with one line each.

Most of a case's text are its policies, and few of them are distinct. So a case is read with its
policies left as they are written, which costs a fifth of parsing them, and they are looked up by
their texts. In which order the members stand, and how they are spaced, makes no difference.

msgspec keeps the last of two members with one name. That is noticed by counting: what is kept has
fewer strings than the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from tenantctl.domain.finding import Decider
from tenantctl.iam.attached import Documents
from tenantctl.iam.case import Case, confusable, context_of, principal_of, read_case, strings_of
from tenantctl.iam.evaluate import evaluate
from tenantctl.iam.malformed import MalformedError, shown
from tenantctl.iam.misread import UNREADABLE, CaseError, Name, doubled, malformed, too_large
from tenantctl.iam.policy import LONGEST_ACTION, MOST_ACTIONS
from tenantctl.iam.request import Context, Principal, Request
from tenantctl.iam.role_path import Named, of_role
from tenantctl.iam.weight import LARGEST, strings

_BACKSLASH = ord("\\")  # to look for a number is quicker than for a text of one
_MOST_PRINCIPALS = 65_536

_ACTION = re.compile(r"[A-Za-z0-9-]+:[!-)+-9;->@-~]+")
# `iam.arn.is_arn` in one step. `aws` stands for the account of what AWS owns itself.
_RESOURCE = re.compile(
    r"arn:[a-z0-9-]+:[a-z0-9-]+:[A-Za-z0-9-]*:(?:([0-9]{12})|[A-Za-z0-9-]*):.", re.DOTALL
)


class _Answer(msgspec.Struct, gc=False):
    id: Name
    decision: str
    decided_by: tuple[Decider, ...]


class _Refusal(msgspec.Struct, gc=False):
    id: Name | None
    error: str


_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Simulation:
    """A run over many cases; what is read for one serves the next. `malformed` counts errors."""

    malformed: int = 0
    _documents: Documents = field(default_factory=Documents)
    _principals: dict[str, Principal] = field(default_factory=dict)
    _actions: set[str] = field(default_factory=set)

    def answer(self, line: bytes) -> bytes:
        """The answer to one case, as JSON without an end of line; nothing is raised."""
        try:
            if len(line) > LARGEST:
                raise too_large(line, LARGEST)
            return self._answer(line)
        except CaseError as error:
            self.malformed += 1
            return _encode(_Refusal(error.case, str(error)))

    def _answer(self, line: bytes) -> bytes:
        try:
            case = read_case(line)
        except UNREADABLE as error:
            raise malformed(line, error) from error
        name = case.id
        if type(name) is int and not -(1 << 63) <= name < 1 << 64:
            raise CaseError("an id is a text, or an integer of at most 64 bits", None)
        attached = self._documents.attached(
            (case.identity, case.boundary, case.session, case.resource_policy)
        )
        made = context_of(case)
        escaped = _BACKSLASH in line
        there = strings(line) if escaped else line.count(b'"') / 2
        if there != attached.strings + strings_of(case, made):
            if len(made) != len(case.context):
                raise CaseError("a context key is there twice; keys ignore case", name)
            raise doubled(line)
        if (escaped or not line.isascii()) and confusable(case):
            hint = "lower case would turn a letter of a context key into another"
            raise CaseError(hint, name)
        if attached.error is not None:
            raise CaseError(attached.error, name)
        request = self._request(case, made, attached.roles)
        if len(line) - attached.size > attached.ceiling and not attached.weight.bears(
            request.resource, made
        ):
            raise CaseError("so many values and patterns would take too long to compare", name)
        decision = evaluate(request, attached.policies)
        return _encode(_Answer(name, decision.verdict, decision.decided_by))

    def _request(self, case: Case, made: Context, roles: Named) -> Request:
        principal = self._principals.get(case.principal)
        if principal is None:
            principal = principal_of(case.principal)
            if principal is None:
                raise CaseError(f"{shown(case.principal)} is no role session and no user", case.id)
            if len(self._principals) >= _MOST_PRINCIPALS:
                self._principals.clear()
            self._principals[case.principal] = principal
        if roles:
            try:
                principal = of_role(principal, made, roles)
            except MalformedError as error:
                raise CaseError(f"{error.message}; {error.hint}", case.id) from error
        action, resource = case.action, case.resource
        if action not in self._actions and not self._is_action(action):
            raise CaseError(f"{shown(action)} is no action; write `service:Name`", case.id)
        account: str | None = None
        if resource != "*":
            match = _RESOURCE.match(resource)
            if match is None:
                raise CaseError(f"{shown(resource)} is no ARN", case.id)
            account = match[1]
        return Request(principal, action, resource, made, account or principal.account)

    def _is_action(self, action: str) -> bool:
        if len(action) > LONGEST_ACTION or _ACTION.fullmatch(action) is None:
            return False
        if len(self._actions) < MOST_ACTIONS:
            self._actions.add(action)
        return True
