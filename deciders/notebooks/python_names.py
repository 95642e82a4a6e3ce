"""Names that the code of a cell sets and reads, as far as its text shows: Python's own grammar, nothing is run.

Lines for IPython (``%magic``, ``!command``, ``help?``) are not parsed; the names that they mention count as read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Certain = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, *_Definition)
_Loop = (ast.For, ast.AsyncFor)

#: Cell magics whose text is Python like any other.
_PYTHON_MAGIC = re.compile(r"\s*%%(?:time|capture|prun)\b.*")
_IPYTHON_LINE = re.compile(r"(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)")
_IPYTHON_VALUE = re.compile(r"(\s*[\w., ]+=\s*)[!%].*")
#: Functions that may read any name without mentioning it.
_ANYTHING = frozenset(("globals", "locals", "vars", "exec", "eval", "get_ipython"))
_WORD = re.compile(r"\w+")
#: Names used by a query or a template in a text: ``@day``, ``{day}``, ``$day``.
_IN_TEXT = re.compile(r"[@{$](\w+)")


@dataclass(frozen=True)
class StatementNames:
    """Names used by a statement, each property computed once, on first use."""

    statement: ast.stmt

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that the statement binds, see `names_set`."""
        return frozenset(names_set(self.statement))

    @cached_property
    def read(self) -> frozenset[str]:
        """Names that the statement reads, see `names_read`."""
        return frozenset(names_read(self.statement))

    @cached_property
    def read_at_once(self) -> frozenset[str]:
        """Names read when the statement is executed, as opposed to when a function in it is called."""
        return frozenset(names_read(self.statement, at_once=True))

    @cached_property
    def uses(self) -> dict[str, str]:
        """The first use of each name mentioned: ``reads``, ``sets`` or, where it depends, ``unclear``."""
        statement = self.statement
        uses = dict.fromkeys(self.bound, "sets" if isinstance(statement, _Certain) else "unclear")
        uses |= dict.fromkeys(self.read, "reads")
        uses |= dict.fromkeys((name for text in _texts(statement) for name in _IN_TEXT.findall(text)), "reads")
        if isinstance(statement, _Loop):
            read = names_read(statement.iter)
            uses |= {name: "reads" if name in read else "sets" for name in names_set(statement.target)}
        return uses

    @cached_property
    def may_use_any(self) -> bool:
        """True if the statement may read or set a name that it does not mention."""
        return "*" in self.bound or not self.read.isdisjoint(_ANYTHING)


@dataclass(frozen=True)
class CellCode:
    """The code of a cell."""

    statements: tuple[ast.stmt, ...]
    of_ipython: str  #: its lines that are not Python

    @cached_property
    def names(self) -> tuple[StatementNames, ...]:
        """Names used by each statement."""
        return tuple(map(StatementNames, self.statements))

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names bound by any statement; ``*`` if any name may be bound."""
        return frozenset[str]().union(*(one.bound for one in self.names))


def cell_code(source: str) -> CellCode | None:
    """Parse the statements of a cell; None if it is not Python: another language, a mistake, a cell magic."""
    if found := _PYTHON_MAGIC.match(source):
        source = source[found.end() :]
    if source.lstrip().startswith("%%"):
        return None
    if (tree := _parsed(source)) is not None:  # unchanged first: a line of Python, too, may begin with %
        return CellCode(tuple(tree.body), "")
    lines, left_out = [], []
    for line in source.splitlines():
        if found := _IPYTHON_LINE.fullmatch(line):
            lines.append(f"{found[1]}pass")
            left_out.append(line)
        elif found := _IPYTHON_VALUE.fullmatch(line):
            lines.append(f"{found[1]}None")
            left_out.append(line)
        else:
            lines.append(line)
    tree = _parsed("\n".join(lines))
    return CellCode(tuple(tree.body), "\n".join(left_out)) if tree is not None else None


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_set(node: ast.AST) -> set[str]:
    """Return every name bound at the level of ``node``, also inside ``if``, ``try``, ``with`` and ``for``; ``*`` for
    any name.
    """
    names: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _Definition):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, *_Comprehension)):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting.extend(ast.iter_child_nodes(node))
    return names


def names_read(node: ast.AST, *, at_once: bool = False) -> set[str]:
    """Return every name that ``node`` reads from outside of its own functions and comprehensions.

    With ``at_once``, only names read when the statement is executed, not when a function in it is called.
    """
    try:
        return _read(node, at_once=at_once)
    except RecursionError:  # a sum of a thousand terms, say: scopes are not told apart then
        return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def _read(node: ast.AST, *, at_once: bool) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return {node.target.id} | _read(node.value, at_once=at_once)
    if isinstance(node, _Function):
        outside = [*node.args.defaults, *(value for value in node.args.kw_defaults if value is not None)]
        if not isinstance(node, ast.Lambda):
            outside += node.decorator_list
        names = _read_in(outside, at_once=at_once)
        if not at_once:
            body = node.body if isinstance(node.body, list) else [node.body]
            own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
            names |= _read_in(body, at_once=False) - own - set().union(*map(names_set, body)) | _declared_global(body)
        return names
    names = _read_in(ast.iter_child_nodes(node), at_once=at_once)
    if isinstance(node, _Comprehension):
        for generator in node.generators:
            names -= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
    return names


def _read_in(nodes: Iterable[ast.AST], *, at_once: bool) -> set[str]:
    return set[str]().union(*(_read(node, at_once=at_once) for node in nodes))


def _declared_global(body: list[ast.stmt] | list[ast.expr]) -> set[str]:
    return {name for part in body for node in ast.walk(part) if isinstance(node, ast.Global) for name in node.names}


def names_computed_from(code: CellCode, given: frozenset[str]) -> dict[str, str]:
    """Return the names that a cell computes from some of ``given``, each with one of the names that it comes from.

    >>> names_computed_from(cell_code("day = 1\\nnext_day = day + 1"), frozenset({"day"}))
    {'next_day': 'day'}
    """
    computed: dict[str, str] = {}
    for one in code.names:
        read = one.read_at_once
        origin = next((computed.get(name, name) for name in sorted(read) if name in given or name in computed), None)
        for name in sorted(one.bound - given):
            if origin is not None:
                computed[name] = origin
            elif isinstance(one.statement, _Certain):
                computed.pop(name, None)
    return computed


def read_before_given(cells: Iterable[CellCode], name: str) -> int | None:
    """Return the index, from 0, of the first cell that reads ``name`` when it runs, loop variables and own imports aside."""
    is_own, deferred = False, set[str]()
    for place, code in enumerate(cells):
        for one in code.names:
            statement = one.statement
            if name in one.bound and not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                is_own = True
            if not is_own and (name in one.read_at_once or not deferred.isdisjoint(one.read_at_once)):
                return place
            if name in one.bound and isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                is_own = False
            if isinstance(statement, _Definition) and name in one.read:
                deferred.add(statement.name)  # read when it is called
    return None


def first_mentions(cells: Iterable[tuple[str, CellCode | None]], names: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return the first use of each of ``names`` in the cells (source, code): the cell's index from 0, and ``reads``, ``sets``
    (before anything reads it), or ``unclear``. Names that no cell uses are left out.
    """
    found: dict[str, tuple[int, str]] = {}
    waiting = set(names)
    for place, (source, code) in enumerate(cells):
        for uses, may_use_any in _uses(source, code):
            if not waiting:
                return found
            mentioned = waiting if may_use_any else waiting & uses.keys()
            found |= {name: (place, uses.get(name, "unclear")) for name in mentioned}
            waiting = waiting - mentioned
    return found


def _uses(source: str, code: CellCode | None) -> Iterator[tuple[dict[str, str], bool]]:
    """Yield, piece by piece of a cell, the uses of the names that it mentions, and whether it may use any other name."""
    if code is None:
        yield dict.fromkeys(_WORD.findall(source), "unclear"), False
        return
    yield dict.fromkeys(_WORD.findall(code.of_ipython), "reads"), False
    for one in code.names:
        yield one.uses, one.may_use_any


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
