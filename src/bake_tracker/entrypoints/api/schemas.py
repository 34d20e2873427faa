"""Response schemas: before Python 3.12 Pydantic reads only the TypedDict of ``typing_extensions``, not ours."""

import types
from typing import Any, ForwardRef, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from typing_extensions import TypedDict

_known: dict[Any, Any] = {}


def schema_of(kind: Any) -> Any:
    """The same shape for Pydantic's ``response_model``; a recursive one ends after one level."""
    if is_typeddict(kind):
        if kind not in _known:
            _known[kind] = dict[str, Any]  # a recursive type
            hints = get_type_hints(kind)
            fields = {
                name: schema_of(hint) if name in kind.__required_keys__ else NotRequired[schema_of(hint)]
                for name, hint in hints.items()
            }
            _known[kind] = _typed_dict(kind.__name__, fields, kind.__doc__)
        return _known[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, ForwardRef | str) or origin is None or not inner:
        return kind
    if origin in (Union, types.UnionType):
        return Union[tuple(map(schema_of, inner))]  # noqa: UP007  made when the program runs
    if origin in (list, dict, tuple):
        return origin[tuple(map(schema_of, inner))]
    return kind


def _typed_dict(name: str, fields: dict[str, Any], text: str | None) -> Any:
    make: Any = TypedDict
    made = make(name, fields)
    made.__doc__ = text
    return made
