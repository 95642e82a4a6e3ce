"""The kinds of environment variables: how the text of one is read, and what its value may be."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar, Generic, TypeVar, cast

from .constants import MAX_TIMEOUT_SECONDS, NEVER

T_co = TypeVar("T_co", covariant=True)


# No dataclasses: making five of them takes longer than the rest of this module.
class Variable(Generic[T_co]):
    """An environment variable.

    Attributes:
        name: also the name of its constant in this module.
        sentence: purpose for the table, in reStructuredText, without a full stop.
        default: its value if it is not set.
        may_be_mounted: a file of that name among the mounted secrets wins over the environment.
        is_secret: masked wherever text is kept.
        may_hold_secret: an address that can contain a password. Mounted, all of it is masked.
        takes_empty: an empty text is a value; for all others it is the same as not set.
        may_be_in_module: the module that ``SIMPLEFLOW_SETTINGS_MODULE`` names may say it, where the environment does not.
    """

    kind: ClassVar[str]
    type: ClassVar[Any] = str
    expected: str  #: what a message says is expected instead of a wrong value

    def __init__(
        self,
        name: str,
        sentence: str,
        default: T_co,
        *,
        may_be_mounted: bool = False,
        is_secret: bool = False,
        may_hold_secret: bool = False,
        takes_empty: bool = False,
        may_be_in_module: bool = False,
    ) -> None:
        self.name, self.sentence, self.default = name, sentence, default
        self.may_be_mounted, self.is_secret, self.may_hold_secret = may_be_mounted, is_secret, may_hold_secret
        self.takes_empty, self.may_be_in_module = takes_empty, may_be_in_module

    def __repr__(self) -> str:
        return f"<variable {self.name}>"

    def meant(self, text: str) -> T_co:
        """Return the value that is written as ``text``, which has no white space around it.

        Raises:
            ValueError: there is none.
        """
        raise NotImplementedError

    def of(self, value: object) -> T_co:
        """Return the value that Python code says with ``value``: the same in its own type, or as text; None is the default.

        Raises:
            ValueError: there is none.
        """
        if value is None:
            return self.default
        if not isinstance(value, str | int | float):
            raise ValueError(repr(value))
        text = str(int(value) if isinstance(value, bool) else value).strip()
        return self.meant(text) if text or self.takes_empty else self.default


class Text(Variable[str | None]):
    """Any text; None if it is not set."""

    kind = "text"
    expected = "a text"

    def __init__(self, name: str, sentence: str, **more: bool) -> None:
        super().__init__(name, sentence, None, **more)

    def meant(self, text: str) -> str:
        return text


class DefaultText(Variable[str]):
    """Any text, with one by default."""

    kind = "text"
    expected = "a text"

    def meant(self, text: str) -> str:
        return text


class Number(Variable[int]):
    """A whole number from 0, or to ``most``."""

    kind, type = "number", int

    def __init__(self, name: str, sentence: str, default: int, *, most: int | None = None) -> None:
        super().__init__(name, sentence, default)
        self.most = most
        self.expected = "a number" if most is None else f"a number from 0 to {most}"

    def meant(self, text: str) -> int:
        if not text.isdecimal() or (self.most is not None and int(text) > self.most):
            raise ValueError(text)
        return int(text)


class Flag(Variable[bool]):
    """On with any text, as in simpleflow."""

    kind, type = "flag", bool
    expected = "any text"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence, False)

    def meant(self, text: str) -> bool:
        return bool(text)


class Switch(Variable[bool]):
    """On or off, in one of the usual words."""

    kind, type = "switch", bool
    expected = "1 or 0 (or yes, no, on, off, true, false)"
    _WORDS: ClassVar[dict[str, bool]] = {
        **dict.fromkeys(("1", "yes", "on", "true"), True),
        **dict.fromkeys(("0", "no", "off", "false"), False),
    }

    def __init__(self, name: str, sentence: str, default: bool = False, **more: bool) -> None:
        super().__init__(name, sentence, default, **more)

    def meant(self, text: str) -> bool:
        try:
            return self._WORDS[text.lower()]
        except KeyError:
            raise ValueError(text) from None


class Seconds(Variable[float]):
    """A length of time in seconds, from 0."""

    kind, type = "seconds", float
    expected = "a number of seconds"

    def meant(self, text: str) -> float:
        seconds = float(text)
        if not 0 <= seconds < math.inf:
            raise ValueError(text)
        return seconds


class Timeout(Variable[str]):
    """A timeout as the service takes it: whole seconds as text, or NONE."""

    kind = "timeout"
    expected = f"a number of seconds up to {MAX_TIMEOUT_SECONDS} or {NEVER}"

    def meant(self, text: str) -> str:
        if text != NEVER and (not text.isdecimal() or int(text) > MAX_TIMEOUT_SECONDS):
            raise ValueError(text)
        return text


class Address(Variable[str | None]):
    """Host and port, as ``host:port``; None if it is not set."""

    kind = "address"
    expected = "host:port"

    def __init__(self, name: str, sentence: str, **more: bool) -> None:
        super().__init__(name, sentence, None, **more)

    def meant(self, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(text)
        return text


class Word(Variable[T_co]):
    """One of ``words``, or of ``other_words``, which are taken without being offered."""

    kind = "word"

    def __init__(
        self,
        name: str,
        sentence: str,
        default: T_co,
        words: tuple[str, ...],
        *,
        other_words: tuple[str, ...] = (),
        ignores_case: bool = False,
        may_be_mounted: bool = False,
    ) -> None:
        super().__init__(name, sentence, default, may_be_mounted=may_be_mounted)
        self.words, self.other_words, self.ignores_case = words, other_words, ignores_case
        self.expected = " or ".join(words) if len(words) < 3 else f"one of {', '.join(words)}"

    def meant(self, text: str) -> T_co:
        word = text.upper() if self.ignores_case else text
        if word not in self.words and word not in self.other_words:
            raise ValueError(text)
        return cast(T_co, word)


class Modules(Variable[tuple[str, ...]]):
    """Names of modules, separated by commas."""

    kind, type = "modules", tuple[str, ...]
    expected = "a list of modules, separated by commas,"

    def meant(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not all(part.isidentifier() for name in names for part in name.split(".")):
            raise ValueError(text)
        return names


class Module(Variable[str | None]):
    """The name of a module; None if it is not set."""

    kind = "module"
    expected = "the name of a module"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence, None)

    def meant(self, text: str) -> str:
        if not all(part.isidentifier() for part in text.split(".")):
            raise ValueError(text)
        return text


class Names(Variable[tuple[str, ...]]):
    """Names of environment variables, separated by commas."""

    kind, type = "names", tuple[str, ...]
    expected = "a list of names of variables, separated by commas,"

    def meant(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not all(name.isidentifier() for name in names):
            raise ValueError(text)
        return names


class Object(Variable[dict[str, Any]]):
    """An object in JSON."""

    kind, type = "JSON", dict[str, Any]
    expected = "a JSON object"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence, {})

    def meant(self, text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except RecursionError:
            raise ValueError(text) from None
        if not isinstance(value, dict):
            raise ValueError(text)
        return value
