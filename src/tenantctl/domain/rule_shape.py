"""The form of a tier and its rules in `tenantctl.yaml`; see `config_shape` for the rest."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from tenantctl.domain.yaml_shape import Shape

ToolName = Annotated[str, Meta(description="the name of a tool")]
# https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
ModelId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,2047}$",
        description="a Bedrock model id or ARN, without wildcards",
    ),
]
Hour = Annotated[int, Meta(ge=0, le=24, description="a whole hour from 0 to 24")]
# As in `clock.WEEKDAYS`.
Day = Annotated[
    Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    Meta(description="a day: mon, tue, wed, thu, fri, sat or sun"),
]
# A custom attribute's longest value.
# https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
RoleValue = Annotated[
    str, Meta(min_length=1, max_length=2048, description="a role's name, 1 to 2048 characters")
]
# https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-long
Long = Annotated[
    int, Meta(ge=-(2**63), le=2**63 - 1, description="a whole number of at most 64 bits")
]
Member = Annotated[str | Long, Meta(description="a text or a whole number of at most 64 bits")]


class Hours(Shape, frozen=True, rename={"start": "from", "end": "until"}):
    """From hour `from` (inclusive) until hour `until` (exclusive) on the clinic's clock."""

    start: Hour
    end: Hour
    days: Annotated[
        tuple[Day, ...], Meta(min_length=1, description="at least one day, or no `days` at all")
    ] = ()


class InputRule(Shape, frozen=True):
    """What a tool's input must be; one that is left out passes unless it is required."""

    required: bool = False
    forbidden: bool = False
    min: Long | UnsetType = UNSET
    max: Long | UnsetType = UNSET
    one_of: Annotated[
        tuple[Member, ...],
        Meta(min_length=1, description="at least one value, or no `one_of` at all"),
    ] = ()


class ToolRule(Shape, frozen=True):
    """When a tool may be called; with nothing in it, always."""

    hours: Hours | UnsetType = UNSET
    roles: Annotated[
        tuple[RoleValue, ...],
        Meta(min_length=1, description="at least one role, or no `roles` at all"),
    ] = ()
    inputs: Annotated[
        dict[str, InputRule],
        Meta(min_length=1, description="at least one input, or no `inputs` at all"),
    ] = field(default_factory=dict)
    disabled: bool = False


class RateLimit(Shape, frozen=True):
    """How many requests one user may make at the tier's gateway."""

    # https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_RateConfig.html
    requests: Annotated[int, Meta(ge=1, le=10_000_000, description="1 to 10,000,000 requests")]
    per: Annotated[Literal["second", "minute"], Meta(description="`second` or `minute`")]


class Tier(Shape, frozen=True):
    """A service level: the tools and models it may use. What isn't named is denied."""

    tools: dict[ToolName, ToolRule | None] = field(default_factory=dict)
    models: tuple[ModelId, ...] = ()
    disabled: bool = False
    rate_limit: RateLimit | UnsetType = UNSET
