"""Key values as the text that `dynamodb:LeadingKeys` compares.

Text is taken as it is. Numbers are normalised as DynamoDB does, since `1`, `1.0` and `01` are
one key. Binary values are in base64, as on the wire.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal

from tenantctl.local.call import ServiceError

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DIGITS = 38
_LARGEST_EXPONENT = 125
_SMALLEST_EXPONENT = -130
_LONGEST_NUMBER = 1024


def invalid(message: str) -> ServiceError:
    """DynamoDB's answer to parameters that it can't take."""
    return ServiceError("ValidationException", message)


def number(text: str) -> str:
    """A number's one spelling: no exponent, no leading or trailing zeros, no `-0`.

    Raises `ServiceError` for what DynamoDB doesn't take as a number: other than ASCII digits, more
    than 38 significant ones, or a magnitude beyond 9.9E+125 or 1E-130.
    """
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise invalid("The parameter cannot be converted to a numeric value")
    value = Decimal(text)
    if not value:
        return "0"
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    magnitude = value.adjusted()
    if len(digits) > _DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if not _SMALLEST_EXPONENT <= magnitude <= _LARGEST_EXPONENT:
        raise invalid("Number overflow. Attempting to store a number with magnitude out of range")
    plain = format(value, "f")
    return plain.rstrip("0").removesuffix(".") if "." in plain else plain


def key_text(value: object) -> str:
    """The text of a key value `{"S": …}`, `{"N": …}` or `{"B": …}`.

    Raises `ServiceError` for any other type, for none or several, and for empty values, none of
    which can be a key.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise invalid("Supplied AttributeValue must contain exactly one of the supported datatypes")
    ((kind, content),) = value.items()
    if kind == "S" and isinstance(content, str) and content:
        return content
    if kind == "N" and isinstance(content, str):
        return number(content)
    if kind == "B" and content:
        return _binary(content)
    raise invalid("One or more parameter values were invalid: a key must be of type S, N or B")


def _binary(content: object) -> str:
    if isinstance(content, bytes | bytearray):
        return base64.b64encode(content).decode()
    try:
        raw = base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Supplied binary value is not base64") from error
    return base64.b64encode(raw).decode()
