"""Values that were typed as ``name=value`` and are read as YAML, and what may surprise in them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import yaml

from ...exceptions import DefinitionError
from ...json_numbers import no_value_of_json, not_finite
from ...yaml_words import Surprise, surprise

_TAG = "tag:yaml.org,2002:"
_MOST_NODES = 10_000
_HINT = "; put text in quotes"
#: Beginnings that text may not have in YAML unless it is in quotes.
_SIGNS = ("*", "&", "!", "%", "@", "`", "'", '"', "{", "[", "]", "}", ",")


def typed_values(pairs: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values of ``--set key=value``, read as YAML, and a warning of each word that YAML reads as something else
    than it looks like.

    Raises:
        DefinitionError: no equals sign, a key given twice, a value that is not YAML, or one that has no JSON form.
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise DefinitionError(f"--set {pair}: write it as name=value")
        if key in values:
            raise DefinitionError(f"--set {pair}: {key} is given twice")
        try:
            values[key], found = _value(key, text)
        except _NotTaken as error:
            raise DefinitionError(f"--set {pair}: {error}") from None
        warnings += [f"--set {pair}: {sentence}" for sentence in found]
    return values, warnings


class _NotTaken(ValueError):
    """Reason why a value is not taken, to follow the setting."""


def _value(name: str, text: str) -> tuple[Any, list[str]]:
    """Return the value, and a sentence for each thing in it that may not be what was meant."""
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, [_nothing(name, text)]
        nodes = list(islice(_nodes(node, name, []), _MOST_NODES + 1))
        if len(nodes) > _MOST_NODES:
            raise _NotTaken(f"it has more than {_MOST_NODES} values; give a file")
        _check(node, nodes)
        value = loader.construct_document(node)
        scalars = [(one, key) for one, key in nodes if isinstance(one, yaml.ScalarNode) and one.tag != f"{_TAG}merge"]
        found = [surprise(one, loader.construct_object(one), key) for one, key in scalars]
    except yaml.reader.ReaderError as error:
        character = chr(error.character) if isinstance(error.character, int) else error.character
        raise _NotTaken(f"the value is not YAML: the character {character!r} is not allowed in it") from None
    except yaml.MarkedYAMLError as error:
        hint = f"; write --set {_quoted(name, text)} for the text" if text.startswith(_SIGNS) or ": " in text else ""
        said = error.problem or error.context or "it cannot be read"
        if isinstance(error, yaml.constructor.ConstructorError) and "could not determine a constructor" in said:
            said = "what begins with ! is a tag, and this one has no meaning"
        raise _NotTaken(f"the value is not YAML: {said}{hint}") from None
    except _NotTaken:
        raise
    except ValueError as error:  # a date that does not exist, say
        said = str(error).splitlines()[0]
        raise _NotTaken(f"the value is not YAML: {said}; write --set {_quoted(name, text)} for the text") from None
    except (yaml.YAMLError, OverflowError, AttributeError, TypeError, KeyError, IndexError):
        # PyYAML lets out whatever int(), date() or chr() happen to raise.
        raise _NotTaken(f"the value is not YAML: it has a character or a word that means nothing there{_HINT}") from None
    except RecursionError:
        raise _NotTaken("it is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()
    if (number := not_finite(value)) is not None:
        raise _NotTaken(no_value_of_json(number))
    return value, [*_misread(name, text, node), *(_told(name, one, node) for one in found if one is not None)]


def _nothing(name: str, text: str) -> str:
    if not text.strip():
        return f"nothing was read as null; write --set {_quoted(name, '')} for an empty text, or {name}=null"
    because = ": what begins with # is a comment" if text.lstrip().startswith("#") else ""
    return f"{text} was read as null{because}; write --set {_quoted(name, text)} for the text, or {name}=null"


def _misread(name: str, text: str, node: yaml.Node) -> Iterator[str]:
    """Yield what the whole of a value may have been meant as: text that happens to be more, or less, in YAML."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        kind = "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
        yield f"it was read as {kind}; write --set {_quoted(name, text)} for the text"
    elif isinstance(node, yaml.ScalarNode) and node.style is None and " #" in text[node.end_mark.index :]:
        yield f"what is behind # was left out as a comment; write --set {_quoted(name, text)} for the text"


def _told(name: str, found: Surprise, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return str(found)
    meant = f"{found.instead}, or " if found.is_text else ""
    return f"{found.told}; write {meant}--set {_quoted(name, found.word)} for the text"


def _quoted(name: str, text: str) -> str:
    """Return the setting of a text, ready to be pasted into a shell."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return shlex.quote(f'{name}="{escaped}"')


def _nodes(node: yaml.Node, name: str | None, around: list[yaml.Node]) -> Iterator[tuple[yaml.Node, str | None]]:
    """Every node, keys too, with the key that it stands behind."""
    if any(node is one for one in around):
        raise _NotTaken("an alias stands inside the very value that it repeats")
    yield node, name
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(key, None, [*around, node])
            yield from _nodes(value, key.value if isinstance(key, yaml.ScalarNode) else None, [*around, node])
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _nodes(item, name, [*around, node])


def _check(node: yaml.Node, nodes: list[tuple[yaml.Node, str | None]]) -> None:
    """Refuse nodes that YAML takes and a value cannot be made of.

    Raises:
        _NotTaken: a key is given twice, or a word has no meaning where it stands.
    """
    merges = set()
    for mapping in (one for one, _ in nodes if isinstance(one, yaml.MappingNode)):
        seen = set()
        for key, _ in mapping.value:
            if key.tag == f"{_TAG}merge":
                merges.add(id(key))
            elif key.tag == f"{_TAG}timestamp":
                raise _NotTaken(f"the key {key.value} of a mapping is a date, and must be text; put it in quotes")
            elif isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _NotTaken(f"the key {key.value!r} is given twice")
                seen.add((key.tag, key.value))
    for one, _ in nodes:
        if isinstance(one, yaml.ScalarNode) and one.tag in (f"{_TAG}value", f"{_TAG}merge") and id(one) not in merges:
            raise _NotTaken(f"{one.value} has a meaning of its own in YAML; put it in quotes for the text")
