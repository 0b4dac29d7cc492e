"""The first user of a fresh account: an operator, whose rights are a policy like any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tenantctl.aws.session import Credentials
from tenantctl.domain.names import partition
from tenantctl.local.keys import OPERATOR

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def settle(cloud: Cloud) -> bool:
    """See that the account has its operator and the service its key; tells what was missing.

    The operator's requests are judged as everybody's: it may do everything because its inline
    policy says so.
    """
    from moto.iam.models import iam_backends

    known = cloud.account in cloud.keys.operators
    cloud.keys.service(cloud.account)
    if known:
        return False
    iam = iam_backends[cloud.account][partition(cloud.region)]
    if OPERATOR not in iam.users:
        iam.create_user(region_name=cloud.region, user_name=OPERATOR)
    iam.put_user_policy(OPERATOR, "everything", _EVERYTHING)
    key = iam.create_access_key(OPERATOR)
    cloud.keys.operators[cloud.account] = Credentials(key.access_key_id, key.secret_access_key)
    return True
