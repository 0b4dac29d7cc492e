"""A Cedar template filled in: no value becomes code, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tenantctl.cedar.statement import escaped, literal, parse
from tenantctl.errors import PolicyInvalidError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_WIDTH = 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# https://docs.cedarpolicy.com/policies/syntax-grammar.html: what `IDENT` may not be.
_RESERVED = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"})


def fill(template: str, values: Mapping[str, object], *, source: str) -> str:
    """The template with its values, formatted as Cedar; `source` names the template in errors.

    Nothing is escaped by itself: a template writes values with the filters `cedar_string`,
    `cedar_long`, `cedar_set`, `cedar_name`, `cedar_comment` and `hour`. Raises
    `PolicyInvalidError`.
    """
    import cedarpy
    import jinja2

    try:
        text = _compiled(template).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise PolicyInvalidError(f"{source}:{error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, TypeError, ArithmeticError) as error:
        raise PolicyInvalidError(f"{source}: {error}") from error
    parse(text, source)
    return cedarpy.format_policies(text, line_width=_WIDTH).rstrip() + "\n"


@lru_cache(maxsize=8)
def _compiled(template: str) -> Template:
    """Compiling takes longer than all the rest of rendering, and a pool has many policies."""
    return _environment().from_string(template)


@cache
def _environment() -> Environment:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.clear()
    environment.filters.update(
        cedar_string=_string,
        cedar_long=_long,
        cedar_set=_set,
        cedar_name=_name,
        cedar_comment=_comment,
        hour=_hour,
    )
    # What is written without a filter is a number or a mistake, never text.
    environment.finalize = _filtered
    return environment


class _Safe(str):
    """Cedar text that a filter made."""

    __slots__ = ()


def _filtered(value: object) -> object:
    if isinstance(value, _Safe):
        return value
    raise PolicyInvalidError(
        f"a template writes `{value}` without a filter",
        hint="write it as {{ value|cedar_string }}, or as cedar_long or cedar_comment",
    )


def _string(value: object) -> _Safe:
    return _Safe(literal(_text(value)))


def _long(value: object) -> _Safe:
    return _Safe(_number(value))


def _set(value: object) -> _Safe:
    """Texts or whole numbers in their order."""
    if not isinstance(value, tuple) or not value:
        raise TypeError(f"`{value}` is no list of values")  # an empty set has no type in Cedar
    return _Safe(f"[{', '.join(_string(v) if isinstance(v, str) else _long(v) for v in value)}]")


def _name(value: object) -> _Safe:
    """The name of an attribute, which stands without quotes."""
    text = _text(value)
    if _NAME.fullmatch(text) is None or text in _RESERVED:
        raise TypeError(f"`{text}` can't stand without quotes")
    return _Safe(text)


def _comment(value: object) -> _Safe:
    """A text, or several with commas between them, on the comment's line."""
    parts = value if isinstance(value, tuple) else (value,)
    return _Safe(", ".join(escaped(_text(part)) for part in parts))


def _hour(value: object) -> _Safe:
    return _Safe(f"{_number(value):02d}:00")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{value}` is no text")  # an undefined value names itself here
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"`{value}` is no whole number")
    return value
