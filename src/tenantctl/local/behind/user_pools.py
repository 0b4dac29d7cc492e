"""What a user pool is given at creation stays, as on AWS; moto's UpdateUserPool forgets it.

Without it an update, even of the password policy, would turn sign-in by e-mail address off and
let two addresses that differ only in case be two people.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
"""

from __future__ import annotations

from typing import Any

_FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")


def keep_what_is_fixed() -> None:
    """Mend moto's user pools; may be called again."""
    from moto.cognitoidp import models

    model: Any = models.CognitoIdpUserPool
    plain = model.update_extended_config
    if getattr(plain, "keeps_what_is_fixed", False):
        return

    def update(user_pool: Any, config: dict[str, Any]) -> None:  # noqa: ANN401 - moto's own
        before = getattr(user_pool, "extended_config", {})
        plain(user_pool, {**config, **{key: before[key] for key in _FIXED if key in before}})

    update.keeps_what_is_fixed = True  # type: ignore[attr-defined]
    model.update_extended_config = update
