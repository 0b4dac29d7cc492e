"""Answer the cases of `tenantctl iam simulate`: a line of JSON each, with one line each.

Most of a case's text are its policies, and few of them are distinct. So what follows a case's
request is looked up by its bytes, and only the request is parsed anew. That cut is checked, never
trusted: a tail is remembered only if it is whole members of a case that was read before, and a
line's head counts only if it is a whole object by itself. What one can't cut is parsed as one.

msgspec keeps the last of two members with one name. That is noticed by counting: what is kept has
fewer strings than the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tenantctl.domain.arn import Arn
from tenantctl.domain.finding import Decider
from tenantctl.iam.attached import Attached, Documents, Given
from tenantctl.iam.evaluate import evaluate
from tenantctl.iam.malformed import shown
from tenantctl.iam.misread import UNREADABLE, CaseError, Name, doubled, malformed, too_large
from tenantctl.iam.policy import LONGEST_ACTION, MOST_ACTIONS
from tenantctl.iam.request import Context, Principal, PrincipalKind, Request
from tenantctl.iam.weight import LARGEST, strings

_CUT = b'"identity"'
_LONGEST_TAIL = 16_384
_MOST_TAILS = 4_096
_MOST_ALIKE = 8
_MOST_PRINCIPALS = 65_536

_ACTION = re.compile(r"[A-Za-z0-9-]+:[!-)+-9;->@-~]+")
_ROLE = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([A-Za-z0-9_+=,.@-]{1,64})")
_SESSION = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_USER = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):user/[!-)+->@-~]{1,600}")
# `iam.arn.is_arn` in one step. `aws` stands for the account of what AWS owns itself.
_RESOURCE = re.compile(
    r"arn:[a-z0-9-]+:[a-z0-9-]+:[A-Za-z0-9-]*:(?:([0-9]{12})|[A-Za-z0-9-]*):.", re.DOTALL
)
# Lower case turns these two into ASCII letters: `aws:TagKeys` could be written with neither.
_CONFUSABLE = re.compile("[\u0130\u212a]")


class _Asked(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A case before its policies."""

    id: Name
    principal: str
    action: str
    resource: str
    context: dict[str, str | tuple[str, ...]]


class _Case(_Asked, forbid_unknown_fields=True, gc=False):
    """A whole case."""

    identity: Raw
    boundary: Raw | UnsetType = UNSET
    session: Raw | UnsetType = UNSET
    resource_policy: Raw | UnsetType = UNSET


class _Answer(msgspec.Struct, gc=False):
    id: Name
    decision: str
    decided_by: tuple[Decider, ...]


class _Refusal(msgspec.Struct, gc=False):
    id: Name | None
    error: str


_ASKED = 8  # strings of a request: five keys, principal, action, resource
_asked = msgspec.json.Decoder(_Asked).decode
_case = msgspec.json.Decoder(_Case).decode
_given = msgspec.json.Decoder(Given).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Simulation:
    """A run over many cases; what is read for one serves the next. `malformed` counts errors."""

    malformed: int = 0
    _documents: Documents = field(default_factory=Documents)
    _tails: dict[bytes, Attached] = field(default_factory=dict)
    _alike: dict[int, tuple[tuple[bytes, Attached], ...]] = field(default_factory=dict)  # by length
    _principals: dict[str, Principal] = field(default_factory=dict)
    _actions: set[str] = field(default_factory=set)

    def answer(self, line: bytes) -> bytes:
        """The answer to one case, as JSON without an end of line; nothing is raised."""
        try:
            if len(line) > LARGEST:
                raise too_large(line, LARGEST)
            cut = line.find(_CUT)
            attached = self._attached_to(line, cut)
            if attached is not None:
                text = _before(line, cut)
                case = None if text is None else _checked(text)
                if case is not None:
                    return self._decide(case, attached, cut)
            return self._whole(line, cut)
        except CaseError as error:
            self.malformed += 1
            return _encode(_Refusal(error.case, str(error)))

    def _attached_to(self, line: bytes, cut: int) -> Attached | None:
        """What is known of a line's end; comparing with a few is quicker than one look-up."""
        alike = self._alike.get(len(line) - cut, ())
        for tail, attached in alike:
            if line.endswith(tail):
                return attached
        tail = line[cut:]
        found = self._tails.get(tail)
        if found is not None and len(alike) < _MOST_ALIKE:
            self._alike[len(tail)] = (*alike, (tail, found))
        return found

    def _whole(self, line: bytes, cut: int) -> bytes:
        """Answer a line whose policies aren't known yet, or don't stand at its end."""
        try:
            case = _case(line)
        except UNREADABLE as error:
            raise malformed(line, error) from error
        given = Given(case.identity, case.boundary, case.session, case.resource_policy)
        texts = given.texts()
        inside = sum(1 + strings(text) for text in texts if text is not None)
        if strings(line) != inside + _strings(case):
            raise doubled(line)
        attached = self._documents.attached(texts)
        self._learn(line[cut:], texts, attached)
        return self._decide(case, attached, len(line))

    def _learn(self, tail: bytes, texts: tuple[bytes | None, ...], attached: Attached) -> None:
        """Remember a line's end, from its policies on, if it holds nothing but policies."""
        if len(tail) > _LONGEST_TAIL:
            return
        try:
            found = _given(b"{" + tail)
        except UNREADABLE:
            return
        if found.texts() == texts:
            if len(self._tails) >= _MOST_TAILS:
                self._tails.clear()
                self._alike.clear()
            self._tails[tail] = attached

    def _decide(self, case: _Asked, attached: Attached, size: int) -> bytes:
        name = case.id
        if type(name) is int and not -(1 << 63) <= name < 1 << 64:
            raise CaseError("an id is a text, or an integer of at most 64 bits", None)
        if attached.error is not None:
            raise CaseError(attached.error, name)
        request = self._request(case)
        if size > attached.ceiling and not attached.weight.bears(request.resource, request.context):
            raise CaseError("so many values and patterns would take too long to compare", name)
        decision = evaluate(request, attached.policies)
        return _encode(_Answer(name, decision.verdict, decision.decided_by))

    def _request(self, case: _Asked) -> Request:
        principal = self._principals.get(case.principal)
        if principal is None:
            principal = _principal(case.principal)
            if principal is None:
                raise CaseError(f"{shown(case.principal)} is no role session and no user", case.id)
            if len(self._principals) >= _MOST_PRINCIPALS:
                self._principals.clear()
            self._principals[case.principal] = principal
        action, resource = case.action, case.resource
        if action not in self._actions and not self._is_action(action):
            raise CaseError(f"{shown(action)} is no action; write `service:Name`", case.id)
        account: str | None = None
        if resource != "*":
            match = _RESOURCE.match(resource)
            if match is None:
                raise CaseError(f"{shown(resource)} is no ARN", case.id)
            account = match[1]
        return Request(principal, action, resource, _context(case), account or principal.account)

    def _is_action(self, action: str) -> bool:
        if len(action) > LONGEST_ACTION or _ACTION.fullmatch(action) is None:
            return False
        if len(self._actions) < MOST_ACTIONS:
            self._actions.add(action)
        return True


def _before(line: bytes, cut: int) -> bytes | None:
    """A line without its end, made an object again; `None` if what it ends with is no comma."""
    if line[cut - 2 : cut] == b", ":
        return line[: cut - 2] + b"}"
    head = line[:cut].rstrip()
    return head[:-1] + b"}" if head[-1:] == b"," else None


def _checked(text: bytes) -> _Asked | None:
    """The request in a text that holds nothing else, and no key twice; `None` for another."""
    try:
        case = _asked(text)
    except UNREADABLE:
        return None
    return case if strings(text) == _strings(case) else None


def _strings(case: _Asked) -> int:
    """How many strings the text of a request has."""
    values = case.context.values()
    found = _ASKED + 2 * len(values) + (type(case.id) is str)
    for value in values:
        if type(value) is tuple:
            found += len(value) - 1
    return found


def _context(case: _Asked) -> Context:
    given = case.context
    made = {key.lower(): (value,) if type(value) is str else value for key, value in given.items()}
    if len(made) != len(given):
        raise CaseError("a context key is there twice; keys ignore case", case.id)
    names = "".join(given)
    if not names.isascii() and _CONFUSABLE.search(names):
        raise CaseError("a context key has a letter that lower case would make another", case.id)
    return made  # type: ignore[return-value] # what isn't a text is a tuple of texts


def _principal(text: str) -> Principal | None:
    """A role session or a user by its ARN; wildcards are no part of one."""
    role, _, session = text.rpartition("/")
    if _SESSION.fullmatch(session) and (found := _role(role)) is not None:
        return Principal(PrincipalKind.SESSION, text, *found)
    user = _USER.fullmatch(text)
    return None if user is None else Principal(PrincipalKind.USER, text, user[1])


@lru_cache(maxsize=4096)
def _role(text: str) -> tuple[str, str] | None:
    """The account and the ARN of the role whose sessions' ARNs begin so.

    A session's ARN names its role without the role's path, and role names are unique.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    match = _ROLE.fullmatch(text)
    if match is None:
        return None
    partition, account, name = match.groups()
    return account, str(Arn(partition, "iam", "", account, f"role/{name}"))
