"""The headers in which the gateway's interceptor tells a tool who calls.

A target's `allowedRequestHeaders` are exactly these. The interceptor sets all of them on every
request, over whatever the client sent.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-headers.html
"""

from __future__ import annotations

TIER_HEADER = "X-Tier"
TENANT_HEADER = "X-Clinic-ID"
PREFIX_HEADER = "X-S3-Prefix"
USER_HEADER = "X-User-ID"
PROFILE_HEADER = "X-Clinic-Profile"
"""The clinic's name, time zone and settings from the registry: JSON in base64url."""

PROPAGATED_HEADERS = (TIER_HEADER, TENANT_HEADER, PREFIX_HEADER, USER_HEADER, PROFILE_HEADER)
