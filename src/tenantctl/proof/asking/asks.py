"""What is asked of each action: the requests that would reach an owner's data, form by form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tenantctl.domain.layout import tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.template import Template, Variable
from tenantctl.proof.asking.question import Target
from tenantctl.proof.asking.reach import Action, Reach
from tenantctl.proof.asking.values import BASE, TENANT, USER
from tenantctl.proof.automata.shape import Form, Slot, Wild

LEADING_KEYS = "dynamodb:LeadingKeys"
FULL_SCAN = "dynamodb:fulltablescan"
PREFIX = "s3:prefix"
ACTOR = "bedrock-agentcore:actorId"
NAMESPACE = "bedrock-agentcore:namespace"
NAMESPACE_PATH = "bedrock-agentcore:namespacePath"


@dataclass(frozen=True, slots=True)
class Access:
    """Whose a model is that is asked about: `tier` is one that may invoke it, `own` all that may.

    With `routed` the request goes through the inference profile that the word names: that must be
    allowed to be invoked, too. `doubt` says what can't be known of such a profile.
    """

    tier: str
    own: frozenset[str]
    routed: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One form of an action's requests.

    `word` is the condition key that names the owner, as AWS writes it; `""` where the resource
    does, or nothing. `resource` is the ARN where it is known. With `companions` the key has
    several values. `without` are keys that this form doesn't carry, `known` those that are fixed.
    `also` is a second action that must be allowed for the same request. With a `point` it goes
    through an access point of the bucket. `model` is there where a model is asked about.
    """

    action: Action
    rule: str
    target: Target
    resource: str | None = None
    word: str = ""
    companions: bool = False
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    also: str = ""
    point: bool = False
    model: Access | None = None

    @property
    def shown(self) -> str:
        """The resource as a finding names it before there is a witness."""
        if self.resource is not None:
            return self.resource
        forms = self.target.resources or tuple(form for _, form in self.target.owners)
        return "".join(p if isinstance(p, str) else "*" for p in forms[0]) if forms else "*"


def forms(template: Template, names: Names, *, before: str = "") -> tuple[tuple[str, Form], ...]:
    """A layout as forms, one for each tier, with the tier in front."""
    made: list[tuple[str, Form]] = []
    for tier in names.pool.tiers:
        parts: list[str | Slot] = [before] if before else []
        for part in template.parts:
            if part is Variable.TENANT:
                parts.append(Slot(TENANT))
            elif part is Variable.USER:
                parts.append(Slot(USER))
            else:
                parts.append(tier if part is Variable.TIER else str(part))
        made.append((tier, tuple(parts)))
    return tuple(made)


def open_ended(owners: tuple[tuple[str, Form], ...]) -> tuple[tuple[str, Form], ...]:
    """The same, followed by anything."""
    return tuple((tier, (*form, Wild.ANY)) for tier, form in owners)


def registry(names: Names) -> Table:
    """The pool's own table of tenants: each tenant's entry belongs to it, too."""
    return Table(names.registry_table, "pk", Template.parse(tenant_key("{tenant}")))


def of_table(action: Action, names: Names, table: Table) -> Iterator[Ask]:
    """The asks of an action on a table, its indexes, streams and backups."""
    arn = names.table_arn(table)
    places: list[tuple[str | None, tuple[Form, ...]]] = []
    if "table" in action.on:
        places.append((arn, ((arn,),)))
    places += (
        (None, ((f"{arn}/{kind}/", Wild.ONE, Wild.ANY),))
        for kind in ("index", "stream", "backup")
        if kind in action.on
    )
    owners = forms(table.value, names)
    for resource, resources in places:
        keyed = Target(owners, resources)
        whole = Ask(
            action, "DDB-WHOLE-TABLE", Target((), resources), resource, without=(LEADING_KEYS,)
        )
        one = Ask(action, "DDB-LEADING-KEYS", keyed, resource, LEADING_KEYS)
        many = Ask(action, "DDB-LEADING-KEYS", keyed, resource, LEADING_KEYS, companions=True)
        match action.reach:
            case Reach.ITEM:
                yield one
            case Reach.ITEMS:
                yield from (one, many)
            case Reach.SELECT:
                for ask, scans in ((one, "false"), (many, "false"), (whole, "true")):
                    yield Ask(
                        action,
                        ask.rule,
                        ask.target,
                        resource,
                        ask.word,
                        companions=ask.companions,
                        known={FULL_SCAN: (scans,)},
                        without=ask.without,
                    )
            case Reach.WHOLE | Reach.UNLOCK:
                yield whole


def of_bucket(action: Action, names: Names, bucket: Bucket) -> Iterator[Ask]:
    """The asks of an action on a bucket or its objects, by themselves and through access points."""
    direct = tuple(_on_bucket(action, names, bucket))
    yield from direct
    if action.through_points:
        yield from (replace(ask, point=True) for ask in direct)


def _on_bucket(action: Action, names: Names, bucket: Bucket) -> Iterator[Ask]:
    arn = names.bucket_arn(bucket)
    here: tuple[Form, ...] = ((arn,),)
    match action.reach:
        case Reach.OBJECT:
            owners = open_ended(forms(bucket.prefix, names, before=f"{arn}/"))
            yield Ask(action, "S3-OBJECT-KEY", Target(owners))
        case Reach.LISTING:
            owners = open_ended(forms(bucket.prefix, names))
            yield Ask(action, "S3-LIST-PREFIX", Target(owners, here, prefix=True), arn, PREFIX)
            yield Ask(action, "S3-LIST-PREFIX", Target((), here), arn, without=(PREFIX,))
        case Reach.WHOLE | Reach.UNLOCK:
            yield Ask(action, "S3-WHOLE-BUCKET", Target((), here), arn)


def of_memory(action: Action, names: Names, memory: Memory) -> Iterator[Ask]:
    """The asks of an action on a memory, by its name and by the ids that the name may get.

    AgentCore adds a hyphen and ten characters to a name; which, a policy can say that was written
    when the memory was there.
    https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_Memory.html
    """
    arn = names.memory_arn(memory)
    yield from _of_memory(action, names, memory, arn, (arn,))
    if memory.arn is None:
        yield from _of_memory(action, names, memory, None, (f"{arn}-", Slot(BASE)))


def _of_memory(
    action: Action, names: Names, memory: Memory, arn: str | None, form: Form
) -> Iterator[Ask]:
    here: tuple[Form, ...] = (form,)
    keys = (ACTOR, NAMESPACE, NAMESPACE_PATH)
    actors = Target(forms(memory.actor, names), here)
    spaces = open_ended(forms(memory.namespace, names))

    def keyed(rule: str, target: Target, word: str) -> Ask:
        # A request carries one of the keys, never both namespaces.
        without = tuple(k for k in keys if k != word)
        return Ask(action, rule, target, arn, word, without=without)

    match action.reach:
        case Reach.ACTOR | Reach.JOB:
            yield keyed("MEMORY-ACTOR", actors, ACTOR)
        case Reach.RECORD:
            yield keyed("MEMORY-NAMESPACE", Target(spaces, here), NAMESPACE)
        case Reach.SEARCH:
            under = Target(spaces, here, prefix=True)
            yield keyed("MEMORY-NAMESPACE", under, NAMESPACE)
            yield keyed("MEMORY-NAMESPACE", under, NAMESPACE_PATH)
    if action.reach in {Reach.WHOLE, Reach.JOB}:
        yield Ask(action, "MEMORY-WHOLE", Target((), here), arn, without=keys)


def of_role(action: Action, names: Names) -> Iterator[Ask]:
    """The ask of an action on the vending role itself."""
    if action.reach is Reach.ROLE:
        yield Ask(
            action, "IAM-OWN-ROLE", Target((), ((names.vending_role_arn,),)), names.vending_role_arn
        )
