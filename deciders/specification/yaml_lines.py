"""YAML in which every value knows its line.

PyYAML's safe loader decides the meaning of a scalar, so that a file reads as it does elsewhere; this module adds line
numbers and refuses input that a plain load silently accepts or fails on: a key given twice, an anchor that contains itself,
aliases that multiply without end, tags that have no meaning in a workflow file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from simpleflow_nb.yaml_words import Surprise, surprise

from ..problems import Problems, shown

#: Far above any workflow file; PyYAML needs about ten seconds for this much.
LARGEST_FILE_BYTES = 1_000_000
#: Values after aliases are expanded: nine anchors of nine aliases each would make 400 million.
MOST_VALUES = 100_000
DEEPEST_NESTING = 50

_SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_SEQUENCE_TAG = "tag:yaml.org,2002:seq"
_MAPPING_TAG = "tag:yaml.org,2002:map"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_MEANINGLESS = ("tag:yaml.org,2002:value", _MERGE_TAG)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_INTEGER_BITS = 1024


class _Broken:
    """Placeholder for a value that was already reported, so that it is not reported twice."""

    def __repr__(self) -> str:
        return "<broken>"


BROKEN = _Broken()


def holds_broken(value: Any) -> bool:
    """Tell whether a plain value, or one inside it, was reported already."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is BROKEN or any(map(holds_broken, inner))


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value of the file: a scalar, a list of nodes, or a mapping of plain keys to nodes."""

    value: Any
    line: int  #: of the key in front of the value, else of the value itself; counted from 1
    surprise: Surprise | None = field(default=None, compare=False)  #: set if a scalar may be read as an unexpected value
    key: YamlNode | None = field(default=None, compare=False)  #: the key in front of the value, where it surprises

    def get(self, key: str) -> YamlNode | None:
        """Return the value under ``key``, or None if this is no mapping or has no such key."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def entries(self) -> dict[Any, YamlNode]:
        """Return the mapping; empty if the value is something else."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> list[YamlNode]:
        """Return the list; empty if the value is something else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> str | None:
        """The string, or None when the value is something else."""
        return self.value if isinstance(self.value, str) else None

    def at(self, path: Iterable[str | int]) -> YamlNode:
        """Return the node that ``path`` leads to, or the last one on the way there."""
        node = self
        for step in path:
            is_key = isinstance(node.value, dict) and step in node.value
            if not is_key and not (isinstance(node.value, list) and isinstance(step, int) and step < len(node.value)):
                return node
            node = node.value[step]
        return node

    def plain(self) -> Any:
        """Return the value without lines, as ``yaml.safe_load`` would give it (broken values stay broken)."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read_yaml(path: Path, problems: Problems) -> YamlNode | None:
    """Read the document in ``path``; None if it cannot be read at all, which ``problems`` then says.

    Smaller faults (a key given twice, a date that does not exist) are noted and the rest is still returned, so that
    one look shows everything. An empty document is a node whose value is None.
    """
    text = _read_text(path, problems)
    if text is None:
        return None
    lines = _Lines(text)
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        problems.add(lines.at(error.position), f"holds the character {chr(int(error.character))!r}, not allowed")
        return None
    try:
        try:
            node = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = lines.at((mark or loader.get_mark()).index)
            said = _one_line(error.problem or error.context or "cannot be read")
            problems.add(line, f"not valid YAML: {said}{_likely_cause(said, lines.text(line))}")
            return None
        except RecursionError:
            problems.add(lines.at(loader.get_mark().index), f"is nested more than {DEEPEST_NESTING} levels deep")
            return None
        except (yaml.YAMLError, ValueError, OverflowError, AttributeError, IndexError):
            # The scanner raises these for escapes and directives that name no character or number.
            problems.add(lines.at(loader.get_mark().index), "not valid YAML: an escape or a directive that means nothing")
            return None
        if node is None:
            return YamlNode(None, 1)
        try:
            return _Tree(loader, lines, problems).converted(node, lines.of(node))
        except _TooLargeError as error:
            problems.add(error.line, error.message)
            return None
    finally:
        loader.dispose()


class _Lines:
    """Line numbers as editors count them; YAML also breaks lines at three rare Unicode characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [found.end() for found in re.finditer(r"\r\n|\r|\n", text)]

    def at(self, index: int) -> int:
        """Return the line of the character at ``index``."""
        return bisect_right(self._starts, index) + 1

    def of(self, node: yaml.Node) -> int:
        """Return the line on which a node begins."""
        return self.at(node.start_mark.index)

    def text(self, line: int) -> str:
        """Return the text of a line."""
        start = self._starts[line - 2] if line > 1 else 0
        return self._text[start:].partition("\n")[0]


def _likely_cause(said: str, line: str) -> str:
    """Translate PyYAML's message for the author of a workflow file."""
    if "'\\t'" in said:
        return "; indent with spaces, not with a tab"
    if re.search(r":\s+\*\S*[ /]", line):
        return (
            '; put the schedule in quotes, as "0 6 * * *"' if "schedule" in line else "; put text that begins with * in quotes"
        )
    if re.search(r"(?<![\"'])\b[^\s\"']*\{date\}(?!.*[\"'])", line):
        return "; put text with {date} in quotes"
    if found := re.search(r"found character '(.)' that cannot start", said):
        return f"; put text that begins with {found.group(1)} in quotes"
    return ""


class _TooLargeError(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Tree:
    """Converts PyYAML's nodes to ours."""

    def __init__(self, loader: yaml.SafeLoader, lines: _Lines, problems: Problems) -> None:
        self._loader = loader
        self._lines = lines
        self._problems = problems
        self._values = 0
        self._open: list[yaml.Node] = []

    def converted(self, node: yaml.Node, line: int, name: str | None = None) -> YamlNode:
        self._count(line)
        if isinstance(node, yaml.ScalarNode):
            value = self._scalar(node)
            return YamlNode(value, line, surprise(node, value, name) if value is not BROKEN else None)
        if any(node is parent for parent in self._open):
            self._problems.add(line, "an alias stands inside the very value that it repeats")
            return YamlNode(BROKEN, line)
        if len(self._open) >= DEEPEST_NESTING:
            raise _TooLargeError(line, f"is nested more than {DEEPEST_NESTING} levels deep")
        self._open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE_TAG:
                return YamlNode([self.converted(item, self._lines.of(item), name) for item in node.value], line)
            if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING_TAG:
                return YamlNode({key: value for key, value, _ in self._entries(node)}, line)
        finally:
            self._open.pop()
        self._problems.add(line, f"the tag {_short_tag(node.tag)} has no meaning in a workflow file")
        return YamlNode(BROKEN, line)

    def _count(self, line: int) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise _TooLargeError(line, f"makes more than {MOST_VALUES} values out of its aliases")

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[Any, YamlNode, int]]:
        """Yield (key, value, line of the key); the mapping's own keys win over those merged in with ``<<``."""
        own: dict[Any, tuple[YamlNode, int]] = {}
        merged: dict[Any, tuple[YamlNode, int]] = {}
        for key_node, value_node in node.value:
            line = self._lines.of(key_node)
            if key_node.tag == _MERGE_TAG:
                for key, value, at in self._merged(value_node, line):
                    merged.setdefault(key, (value, at))
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.add(line, "a key must be text, not a list or a mapping")
                continue
            key = self._scalar(key_node)
            value = self.converted(value_node, line, str(key_node.value))
            if key is BROKEN:
                continue
            if (surprising := surprise(key_node, key)) is not None:
                value = replace(value, key=YamlNode(key, line, surprising))
            if key in own:
                self._problems.add(line, f"{shown(key)} is given twice (first in line {own[key][1]})")
                continue
            own[key] = (value, line)
        for key, (value, line) in {**merged, **own}.items():
            yield key, value, line

    def _merged(self, node: yaml.Node, line: int) -> Iterator[tuple[Any, YamlNode, int]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            self._count(line)
            if not isinstance(source, yaml.MappingNode):
                self._problems.add(line, "'<<' must name a mapping or a list of mappings")
            elif any(source is parent for parent in self._open) or len(self._open) >= DEEPEST_NESTING:
                self._problems.add(line, "an alias stands inside the very value that it repeats")
            else:
                self._open.append(source)
                try:
                    yield from self._entries(source)
                finally:
                    self._open.pop()

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        line = self._lines.of(node)
        if node.tag in _MEANINGLESS:
            self._problems.add(
                line, f"{node.value} has a meaning of its own in YAML; write '{node.value}' in quotes for the text"
            )
            return BROKEN
        if node.tag not in _SCALAR_TAGS:
            self._problems.add(line, f"the tag {_short_tag(node.tag)} has no meaning in a workflow file")
            return BROKEN
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError, AttributeError, KeyError, TypeError, IndexError):
            # The constructors raise whatever int(), date() or a failed match raises.
            kind = "date" if node.tag.endswith(":timestamp") else _short_tag(node.tag)
            self._problems.add(line, f"{shown(node.value)} looks like a {kind}, but is none; correct it, or put text in quotes")
            return BROKEN
        if isinstance(value, str) and _LONE_SURROGATE.search(value):
            self._problems.add(line, f"{shown(value)} holds half a character (a lone surrogate)")
            return BROKEN
        if isinstance(value, int) and value.bit_length() > _LARGEST_INTEGER_BITS:
            self._problems.add(line, "a number of more than 300 digits")
            return BROKEN
        return value


def _read_text(path: Path, problems: Problems) -> str | None:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            problems.add(0, f"is {size} bytes long, more than {LARGEST_FILE_BYTES}: not a workflow file")
            return None
        content = path.read_bytes()
    except FileNotFoundError:
        problems.add(0, "there is no such file")
        return None
    except IsADirectoryError:
        problems.add(0, "is a folder, not a file")
        return None
    except OSError as error:
        problems.add(0, f"cannot be read ({error.strerror or error})")
        return None
    except ValueError:  # in words that differ from version to version
        problems.add(0, "cannot be read (embedded null byte)")
        return None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(line, f"is not {encoding.removesuffix('-sig')} text: save the file as UTF-8")
        return None


def _short_tag(tag: str) -> str:
    return shown(tag.replace("tag:yaml.org,2002:", "!!", 1))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def json_value(node: YamlNode, problems: Problems) -> Any:
    """Convert the value to JSON's types: dates and times to text, keys of nested mappings as ``json.dumps`` writes them.

    A date and its ISO text therefore mean the same, as they do in the identity of a run. A key that JSON cannot write,
    or that becomes the same text as another, is noted in ``problems`` and left out.
    """
    if isinstance(node.value, dict):
        result: dict[str, Any] = {}
        for key, value in node.value.items():
            name = _json_key(key)
            if name is None or name in result:
                problems.add(value.line, f"the key {shown(key)} cannot be told from another one; put keys in quotes")
                continue
            result[name] = json_value(value, problems)
        return result
    if isinstance(node.value, list):
        return [json_value(item, problems) for item in node.value]
    return str(node.value) if isinstance(node.value, (date, datetime)) else node.value


def _json_key(key: Any) -> str | None:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key) if isinstance(key, (int, float, date)) else None
