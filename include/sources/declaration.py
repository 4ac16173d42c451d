"""Reading one YAML file into one model, with errors a person can act on.

pydantic's messages name a Python type; the person at the YAML file needs the file, the key and what to write there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from include.settings import paths

Model = TypeVar("Model", bound=BaseModel)


class DeclarationError(ValueError):
    """A declaration cannot be used; the message names its file, each wrong key and what to write."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        name = path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path
        super().__init__("\n".join(f"{name}: {problem}." for problem in problems))


class _StrictLoader(yaml.SafeLoader):
    """YAML without its silent last-one-wins for a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key `{key.value}` is written twice: keep one", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path, model: type[Model], **known: str) -> Model:
    """The file as a model; `known` are fields that do not stand in the file, such as the name it has from its stem.

    Raises DeclarationError for a file that is no YAML mapping or does not fit the model.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise DeclarationError(path, [_yaml_problem(error)]) from error
    if not isinstance(content, dict):
        raise DeclarationError(path, ["the file must be a mapping of keys to values"])
    if given := known.keys() & content.keys():
        raise DeclarationError(path, [f"{key}: remove it, the file's name says it" for key in sorted(given)])
    try:
        return model.model_validate({**content, **known})
    except ValidationError as error:
        raise DeclarationError(path, [_problem(detail, model) for detail in error.errors()]) from error


def _yaml_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return f"the file is no YAML: {error}"


def _problem(detail: ErrorDetails, model: type[BaseModel]) -> str:
    # A mapping's key error carries the pseudo-key "[key]".
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "missing":
        advice = "this key is missing: add it"
    elif detail["type"] == "extra_forbidden":
        advice = f"this key is unknown: remove it or correct its name (known here: {_known(detail, model)})"
    elif detail["type"] == "enum":
        advice = f"`{detail['input']}` is not in the vocabulary: write {detail['ctx']['expected']}"
    elif detail["type"] == "value_error":
        advice = str(detail["ctx"]["error"])
    else:
        advice = f"{detail['msg']} (found {detail['input']!r})"
    return f"{key}: {advice}" if key else advice


def _known(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """The keys that may stand where the unknown one stands."""
    for part in detail["loc"][:-1]:
        field = model.model_fields.get(str(part))
        inner = _models(field.annotation) if field else []
        model = inner[0] if inner else model
    return ", ".join(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models(argument)]
