"""Sessions of assumed roles, carried whole in their tokens.

A token holds what the session is (role, tags, expiry), signed with the embedded cloud's own key;
nothing is stored, so vending is no write and no crash forgets a session. The secret key follows
from the token, so that a token says nothing about it to who doesn't have the cloud's key.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenantctl.domain.arn import Arn
from tenantctl.iam.request import Context

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FORMAT = "1"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """One assumed role's session; times are seconds since the epoch.

    `role_id` is the role's unique id: a role that is deleted and made anew under the same name
    isn't the one that was assumed. `policy` is a session policy document.
    """

    access_key: str
    partition: str
    account: str
    role_name: str
    role_id: str
    name: str
    issued: int
    expires: int
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    policy: str | None = None

    @property
    def arn(self) -> str:
        """The session's ARN; a role's path isn't in it."""
        resource = f"assumed-role/{self.role_name}/{self.name}"
        return str(Arn(self.partition, "sts", "", self.account, resource))

    @property
    def user_id(self) -> str:
        """`aws:userid`: the role's id and the session's name."""
        return f"{self.role_id}:{self.name}"

    def inherited(self) -> tuple[tuple[str, str], ...]:
        """The tags that a session chained from this one takes over."""
        keys = {key.lower() for key in self.transitive}
        return tuple((key, value) for key, value in self.tags if key.lower() in keys)


def new_access_key(prefix: str) -> str:
    """An access key id: `AKIA…` for long-term keys, `ASIA…` for sessions'."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def tags_context(tags: tuple[tuple[str, str], ...]) -> Context:
    """`aws:PrincipalTag/KEY` of each tag."""
    return {f"aws:principaltag/{key.lower()}": (value,) for key, value in tags}


def seal(session: Session, key: bytes) -> str:
    """The session's token."""
    fields = json.dumps(asdict(session), separators=(",", ":"), ensure_ascii=False)
    body = base64.urlsafe_b64encode(zlib.compress(fields.encode(), 9)).decode().rstrip("=")
    return f"{_FORMAT}.{body}.{_mac(key, 'token', body)}"


def unseal(token: str, key: bytes) -> Session | None:
    """The session of a token; `None` when this key didn't sign it."""
    form, _, rest = token.partition(".")
    body, _, mac = rest.partition(".")
    wanted = _mac(key, "token", body)
    if form != _FORMAT or not hmac.compare_digest(wanted.encode(), mac.encode()):
        return None
    padded = body + "=" * (-len(body) % 4)
    return _session(json.loads(zlib.decompress(base64.urlsafe_b64decode(padded))))


def secret_of(token: str, key: bytes) -> str:
    """The secret access key that belongs to a token; 40 characters."""
    return _mac(key, "secret", token)[:40]


def _mac(key: bytes, purpose: str, text: str) -> str:
    digest = hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _session(fields: Mapping[str, Any]) -> Session:
    return Session(
        **{
            **fields,
            "tags": tuple((key, value) for key, value in fields["tags"]),
            "transitive": tuple(fields["transitive"]),
        }
    )
