"""The first user of a fresh account: an operator, whose rights are a policy like any other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from tenantctl.aws.session import Credentials
from tenantctl.domain.names import partition
from tenantctl.local.call import Change
from tenantctl.local.keys import OPERATOR

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def settle(
    cloud: Cloud,
    changed: Callable[[Change], None] = lambda _change: None,
    own_changed: Callable[[], None] = lambda: None,
) -> None:
    """See that the account has its operator and the service its key; tells what it changed.

    The operator's requests are judged as everybody's: it may do everything because its inline
    policy says so.
    """
    from moto.iam.models import iam_backends

    if cloud.account in cloud.keys.operators:
        return
    iam = iam_backends[cloud.account][partition(cloud.region)]
    if OPERATOR not in iam.users:
        iam.create_user(region_name=cloud.region, user_name=OPERATOR)
    iam.put_user_policy(OPERATOR, "everything", _EVERYTHING)
    key = iam.create_access_key(OPERATOR)
    key.secret_access_key = secrets.token_urlsafe(30)  # moto's own randomness isn't for secrets
    cloud.keys.operators[cloud.account] = Credentials(key.access_key_id, key.secret_access_key)
    cloud.keys.service(cloud.account)
    own_changed()
    changed(Change("iam", "CreateUser", cloud.account, cloud.region))
