"""What a model of the configuration stands for: a foundation model, a profile, or something else.

Ids of system-defined inference profiles begin with a geography; what follows is the id of the
foundation model that they route to.
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
"""

from __future__ import annotations

from dataclasses import dataclass

GEOGRAPHIES = ("apac", "au", "ca", "eu", "global", "jp", "us", "us-gov")
"""What ids of system-defined inference profiles begin with."""

_FOUNDATION = "foundation-model/"
_PROFILE = "inference-profile/"


@dataclass(frozen=True, slots=True)
class Model:
    """A model as Bedrock knows it; `""` for what it isn't.

    `foundation` is the id of the foundation model that is invoked in the end, `profile` that of
    the system-defined inference profile which routes to it. `arn` is any other thing that can be
    invoked (a provisioned, custom or imported model, an application inference profile).
    """

    foundation: str = ""
    profile: str = ""
    arn: str = ""


def model(text: str) -> Model:
    """The model that an id or an ARN stands for."""
    if not text.startswith("arn:"):
        geography, _, rest = text.partition(".")
        return Model(rest, text) if geography in GEOGRAPHIES else Model(text)
    resource = text.split(":", 5)[-1]
    if resource.startswith(_FOUNDATION):
        return Model(resource.removeprefix(_FOUNDATION))
    if resource.startswith(_PROFILE):
        profile = resource.removeprefix(_PROFILE)
        return Model(profile.partition(".")[2], profile)
    return Model(arn=text)
