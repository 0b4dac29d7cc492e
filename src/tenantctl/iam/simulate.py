"""Answer the cases of `tenantctl iam simulate`: a line of JSON each, with one line each.

Most of a case's text are its policies, and few of them are distinct. So what follows a case's
request is looked up by its bytes, and only the request is parsed anew. That cut is checked, never
trusted: a tail is remembered only if it is whole members of a case that was read before, and a
line's head counts only if it is a whole object by itself. Policies that stand elsewhere are
spliced out (`splice`), and what neither way can take apart is parsed as one.

msgspec keeps the last of two members with one name. That is noticed by counting: what is kept has
fewer strings than the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from tenantctl.domain.finding import Decider
from tenantctl.iam.attached import Attached, Documents, Given
from tenantctl.iam.case import (
    Asked,
    confusable,
    context_of,
    principal_of,
    read_asked,
    read_case,
    read_spliced,
    strings_of,
)
from tenantctl.iam.evaluate import evaluate
from tenantctl.iam.malformed import shown
from tenantctl.iam.misread import UNREADABLE, CaseError, Name, doubled, malformed, too_large
from tenantctl.iam.policy import LONGEST_ACTION, MOST_ACTIONS
from tenantctl.iam.request import Context, Principal, Request
from tenantctl.iam.splice import Splicer
from tenantctl.iam.weight import LARGEST, strings

_CUT = b'"identity"'
_LONGEST_TAIL = 16_384
_MOST_TAILS = 4_096
_MOST_ALIKE = 8
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


_given = msgspec.json.Decoder(Given).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Simulation:
    """A run over many cases; what is read for one serves the next. `malformed` counts errors."""

    malformed: int = 0
    _documents: Documents = field(default_factory=Documents)
    _splicer: Splicer = field(default_factory=Splicer)
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
            attached: Attached | None = None
            # To compare with a few is quicker than to look one up, which reads all of it.
            for tail, known in self._alike.get(len(line) - cut, ()):
                if line.endswith(tail):
                    attached = known
                    break
            else:
                if self._tails:
                    attached = self._tails.get(line[cut:])
            if attached is not None:
                text = _before(line, cut)
                found = None if text is None else _checked(text)
                if found is not None:
                    return self._decide(*found, attached, cut)
            return self._spliced(line) or self._whole(line, cut)
        except CaseError as error:
            self.malformed += 1
            return _encode(_Refusal(error.case, str(error)))

    def _spliced(self, line: bytes) -> bytes | None:
        """Answer a line whose policies are known and stand anywhere; `None` if they don't."""
        found = self._splicer.splice(line)
        if found is None:
            return None
        text, texts = found
        try:
            case = read_spliced(text)
        except UNREADABLE:
            return None
        members = (case.identity, case.boundary, case.session, case.resource_policy)
        there = 0
        for member, given, token in zip(members, texts, self._splicer.tokens, strict=True):
            if member != (UNSET if given is None else token):
                return None
            there += given is not None
        made = context_of(case)
        if strings(text) != strings_of(case, made) + 2 * there or confusable(text, case):
            return None
        return self._decide(case, made, self._documents.attached(texts), len(text))

    def _whole(self, line: bytes, cut: int) -> bytes:
        """Answer a line whose policies aren't known yet, or don't stand at its end."""
        try:
            case = read_case(line)
        except UNREADABLE as error:
            raise malformed(line, error) from error
        given = Given(case.identity, case.boundary, case.session, case.resource_policy)
        texts = given.texts()
        inside = sum(1 + strings(text) for text in texts if text is not None)
        made = context_of(case)
        if len(made) != len(case.context):
            raise CaseError("a context key is there twice; keys ignore case", case.id)
        if strings(line) != inside + strings_of(case, made):
            raise doubled(line)
        if confusable(line, case):
            hint = "lower case would turn a letter of a context key into another"
            raise CaseError(hint, case.id)
        attached = self._documents.attached(texts)
        self._splicer.learn(texts)
        self._learn(line[cut:], texts, attached)
        return self._decide(case, made, attached, len(line))

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
            alike = self._alike.get(len(tail), ())
            if len(alike) < _MOST_ALIKE:
                self._alike[len(tail)] = (*alike, (tail, attached))

    def _decide(self, case: Asked, made: Context, attached: Attached, size: int) -> bytes:
        name = case.id
        if type(name) is int and not -(1 << 63) <= name < 1 << 64:
            raise CaseError("an id is a text, or an integer of at most 64 bits", None)
        if attached.error is not None:
            raise CaseError(attached.error, name)
        request = self._request(case, made)
        if size > attached.ceiling and not attached.weight.bears(request.resource, made):
            raise CaseError("so many values and patterns would take too long to compare", name)
        decision = evaluate(request, attached.policies)
        return _encode(_Answer(name, decision.verdict, decision.decided_by))

    def _request(self, case: Asked, made: Context) -> Request:
        principal = self._principals.get(case.principal)
        if principal is None:
            principal = principal_of(case.principal)
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
        return Request(principal, action, resource, made, account or principal.account)

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


def _checked(text: bytes) -> tuple[Asked, Context] | None:
    """The request in a text that holds nothing else, and no key twice; `None` for another."""
    try:
        case = read_asked(text)
    except UNREADABLE:
        return None
    made = context_of(case)
    if b"\\" not in text and text.isascii():
        found = text.count(b'"') / 2  # as `strings` does, without the call
    elif confusable(text, case):
        return None
    else:
        found = strings(text)
    # A key that is there twice but for case is missing from `made`, so the count differs too.
    return (case, made) if found == strings_of(case, made) else None
