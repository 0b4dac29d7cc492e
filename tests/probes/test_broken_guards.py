"""Every broken guard of `tests/mutants/` trips exactly the probes that it names.

A guard is what enforces the policies: the embedded cloud's enforcing layer, and the verifier that
stands before vending. Each is broken here in one place.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from tenantctl.aws.lookup import user_pool
from tenantctl.domain.finding import Finding, Outcome
from tenantctl.errors import TokenError
from tenantctl.local import cloud
from tenantctl.local import recognise as recognition
from tenantctl.local.authorize import authorize
from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.cognito import rules as cognito_rules
from tenantctl.local.memory import remember
from tenantctl.local.recognise import knowledge
from tenantctl.local.recognise.dynamodb import items
from tenantctl.local.recognise.dynamodb.partiql import reach
from tenantctl.local.recognise.rules import table
from tenantctl.local.recognise.s3 import objects
from tenantctl.local.wire import sigv4
from tenantctl.vending.token import Issuer
from tenantctl.vending.token_checks import Outcome as Standing
from tenantctl.vending.token_standing import user_standing
from tenantctl.vending.vend import issuer_of

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics, Mutant

    from tenantctl.probes.identity import TokenCheck

Patch = pytest.MonkeyPatch
Checks = tuple[Check, ...]


def tried(clinics: Clinics, mutant: Mutant, check: TokenCheck) -> tuple[Finding, ...]:
    return clinics.attacked(mutant.planes, check).findings


def breached(findings: tuple[Finding, ...]) -> set[str]:
    assert {f.outcome for f in findings} <= {Outcome.BREACH, Outcome.ISOLATED}
    return {f.rule for f in findings if f.outcome is Outcome.BREACH}


# -- the enforcing layer ----------------------------------------------------------------------


def blind_to_source(operation: str) -> Callable[[Patch], None]:
    def break_it(patch: Patch) -> None:
        sound = objects._copy  # noqa: SLF001 - what is broken is inside

        def copy(call: Call) -> Checks:
            return objects._put(call) if call.operation == operation else sound(call)  # noqa: SLF001 - the same

        patch.setattr(objects, "_copy", copy)

    return break_it


def first_key_of_deletion(patch: Patch) -> None:
    sound = objects._SPECIAL["DeleteObjects"]  # noqa: SLF001 - what is broken is inside
    patch.setitem(objects._SPECIAL, "DeleteObjects", lambda call: sound(call)[:1])  # noqa: SLF001 - the same


def blind_to_versions(patch: Patch) -> None:
    sound = objects._plain  # noqa: SLF001 - what is broken is inside
    patch.setattr(objects, "_plain", lambda call: () if "VersionId" in call.params else sound(call))


def first_of(*operations: str) -> Callable[[Patch], None]:
    """Look at the first key, or the first item, only."""

    def break_it(patch: Patch) -> None:
        for operation in operations:
            sound = items.ITEMS[operation]

            def checks(
                call: Call, facts: Facts, sound: Callable[[Call, Facts], Checks] = sound
            ) -> Checks:
                (first, *_) = sound(call, facts)
                keys = first.context["dynamodb:leadingkeys"][:1]
                return (replace(first, context={**first.context, "dynamodb:leadingkeys": keys}),)

            patch.setitem(items.ITEMS, operation, checks)

    return break_it


def blind_to_indexes(patch: Patch) -> None:
    sound = items.ITEMS["Query"]

    def query(call: Call, facts: Facts) -> Checks:
        return () if "IndexName" in call.params else sound(call, facts)

    patch.setitem(items.ITEMS, "Query", query)


def blind_to_signatures(patch: Patch) -> None:
    patch.setattr(sigv4, "verify", lambda request, *_: sha256(request.body).hexdigest())


def trusting(patch: Patch) -> None:
    sound = authorize

    def authorized(call: Call, *rest: Any) -> None:  # noqa: ANN401 - passed on as they are
        if call.service != "sts":
            sound(call, *rest)

    patch.setattr(cloud, "authorize", authorized)


def blind_to_memories(patch: Patch) -> None:
    patch.setitem(recognition._SPECIAL, "bedrock-agentcore", lambda *_: ())  # noqa: SLF001 - what is broken is inside


def blind_to_namespaces(patch: Patch) -> None:
    sound = remember._found  # noqa: SLF001 - what is broken is inside
    patch.setattr(remember, "_found", lambda held, params, _namespace: sound(held, params, None))


GUARDS: Mapping[str, Callable[[Patch], None]] = {
    "copy-source": blind_to_source("CopyObject"),
    "part-copy-source": blind_to_source("UploadPartCopy"),
    "delete-first-key": first_key_of_deletion,
    "versions": blind_to_versions,
    "batch-first-key": first_of("BatchGetItem", "BatchWriteItem"),
    "transaction-first-item": first_of("TransactGetItems", "TransactWriteItems"),
    "index": blind_to_indexes,
    "knowledge": lambda patch: patch.setattr(
        knowledge, "RETRIEVAL", table("bedrock", {None: "Retrieve"})
    ),
    "partiql": lambda patch: patch.setattr(reach, "recognise", lambda *_: ()),
    "signature": blind_to_signatures,
    "trust": trusting,
    "memory": blind_to_memories,
    "record-namespace": blind_to_namespaces,
    "user-attributes": lambda patch: patch.setattr(cognito_rules, "check", lambda _: None),
}


def test_a_broken_guard_trips_its_probes_and_no_other(
    clinics: Clinics, guard_mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    GUARDS[guard_mutant.spec["guard"]](monkeypatch)

    found = tried(clinics, guard_mutant, clinics.check)

    assert breached(found) == guard_mutant.trips
    for finding in found:
        if (
            finding.outcome is Outcome.BREACH
            and finding.actor.tenant
            and finding.plane != "identity"
        ):
            # IAM was asked about the caller's own namespace there, which the policies allow.
            asked_of_own = finding.rule == "MEM-GET-RECORD-AS-OWN"
            failed = "what enforces them has failed" in finding.message
            assert failed != asked_of_own


# -- the verifier -----------------------------------------------------------------------------


def pem(key: Any) -> bytes:  # noqa: ANN401 - PyJWT's key types vary
    made: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


def key_of(token: str, issuer: Issuer, *, brought: bool = False) -> Any:  # noqa: ANN401 - the same
    header = jwt.get_unverified_header(token)
    if brought and "jwk" in header:
        return jwt.PyJWK(header["jwk"], algorithm="RS256").key
    found = [k for k in issuer.keys["keys"] if k["kid"] == header.get("kid")]
    if not found:
        raise jwt.InvalidKeyError("unknown key")
    return jwt.PyJWK(found[0], algorithm="RS256").key


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise jwt.InvalidTokenError("a claim is there twice")
    return made


def decoded(token: str, issuer: Issuer, *, key: Any = None, **options: Any) -> None:  # noqa: ANN401 - the same
    """All checks of a verifier but those that `options` turn off."""
    use = options.pop("token_use", True)
    if options.pop("claims_once", True):
        json.loads(jwt.utils.base64url_decode(token.split(".")[1]), object_pairs_hook=once)
    claims = jwt.decode(
        token,
        key or key_of(token, issuer),
        algorithms=["RS256"],
        audience=issuer.audience,
        issuer=issuer.url,
        options=options,  # type: ignore[arg-type]  # PyJWT's own names
    )
    if use and claims["token_use"] != "id":
        raise jwt.InvalidTokenError("no ID token")


def algorithm_of_the_header(token: str, issuer: Issuer) -> None:
    if jwt.get_unverified_header(token)["alg"] == "none":
        return decoded(token, issuer, key="x", verify_signature=False)
    return decoded(token, issuer)


def public_key_as_secret(token: str, issuer: Issuer) -> None:
    if jwt.get_unverified_header(token)["alg"] != "HS256":
        return decoded(token, issuer)
    body, _, signature = token.rpartition(".")
    secret = pem(key_of(token, issuer))
    made = jwt.utils.base64url_encode(hmac.new(secret, body.encode(), sha256).digest())
    if made.decode() != signature:
        raise jwt.InvalidSignatureError
    return None


def no_signature(token: str, issuer: Issuer) -> None:
    decoded(
        token, issuer, key="x", verify_signature=False, verify_exp=True, verify_aud=True,
        verify_iss=True, verify_nbf=True, verify_iat=True,
    )  # fmt: skip


def fetched(token: str, issuer: Issuer) -> None:
    """Goes for the key where the token says."""
    header = jwt.get_unverified_header(token)
    for parameter in ("jku", "x5u"):
        if parameter in header:
            with urlopen(header[parameter], timeout=5) as answer:  # noqa: S310 - that is the mistake
                content = answer.read()
            if parameter == "x5u":
                key = load_pem_x509_certificate(content).public_key()
            else:
                key = jwt.PyJWK(json.loads(content)["keys"][0], algorithm="RS256").key
            return decoded(token, issuer, key=key)
    return decoded(token, issuer)


def issuer_of_the_token(token: str, issuer: Issuer) -> None:
    """Believes whoever the token says has issued it."""
    named = jwt.decode(token, options={"verify_signature": False})["iss"]
    if not named.startswith("http://127.0.0.1:"):
        return decoded(token, issuer)
    with urlopen(f"{named}/.well-known/jwks.json", timeout=5) as answer:  # noqa: S310 - that is the mistake
        keys = json.loads(answer.read())
    return decoded(token, replace(issuer, url=named, keys=keys))


def hmac_by(token: str, issuer: Issuer, secret: bytes | None) -> None:
    """Takes HS256 where a secret was found."""
    body, _, signature = token.rpartition(".")
    if secret is None or jwt.get_unverified_header(token)["alg"] != "HS256":
        return decoded(token, issuer)
    made = jwt.utils.base64url_encode(hmac.new(secret, body.encode(), sha256).digest())
    if made.decode() != signature:
        raise jwt.InvalidSignatureError
    return None


def key_file(token: str, issuer: Issuer) -> None:
    kid = str(jwt.get_unverified_header(token).get("kid"))
    path = Path("/etc") / kid
    hmac_by(token, issuer, path.read_bytes() if ".." in path.parts else None)


def key_database(token: str, issuer: Issuer) -> None:
    kid = jwt.get_unverified_header(token).get("kid")
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE keys (id TEXT, secret TEXT)")
        found = database.execute(
            f"SELECT secret FROM keys WHERE id = '{kid}'"  # noqa: S608 - that is the mistake
        ).fetchone()
    hmac_by(token, issuer, found and found[0].encode())


VERIFIERS: Mapping[str, Callable[[str, Issuer], None]] = {
    "no-signature": no_signature,
    "no-expiry": lambda token, issuer: decoded(token, issuer, verify_exp=False),
    "no-audience": lambda token, issuer: decoded(token, issuer, verify_aud=False),
    "no-issuer": lambda token, issuer: decoded(token, issuer, verify_iss=False),
    "no-token-use": lambda token, issuer: decoded(token, issuer, token_use=False),
    "no-start": lambda token, issuer: decoded(token, issuer, verify_nbf=False, verify_iat=False),
    "last-claim": lambda token, issuer: decoded(token, issuer, claims_once=False),
    "key-at-an-address": fetched,
    "issuer-of-the-token": issuer_of_the_token,
    "key-file": key_file,
    "key-database": key_database,
    "algorithm-of-the-header": algorithm_of_the_header,
    "public-key-as-secret": public_key_as_secret,
    "key-of-the-header": lambda token, issuer: decoded(
        token, issuer, key=key_of(token, issuer, brought=True)
    ),
}


def test_a_broken_verifier_trips_its_probes_and_no_other(
    clinics: Clinics, verifier_mutant: Mutant
) -> None:
    pool = user_pool(clinics.aws, clinics.names)
    issuer = issuer_of(clinics.aws, pool)
    name = verifier_mutant.spec["verifier"]
    verifier = VERIFIERS.get(name, decoded)

    def check(token: str, keys: Mapping[str, Any] | None) -> None:
        try:
            verifier(token, issuer if keys is None else replace(issuer, keys=keys))
        except jwt.PyJWTError as error:
            raise TokenError(str(error)) from error
        claims = jwt.decode(token, options={"verify_signature": False})
        enabled = user_standing(clinics.aws, clinics.names, pool, {"sub": claims["sub"]})
        if name != "no-standing" and any(c.outcome is not Standing.PASSED for c in enabled):
            raise TokenError("the user is disabled")

    assert breached(tried(clinics, verifier_mutant, check)) == verifier_mutant.trips
