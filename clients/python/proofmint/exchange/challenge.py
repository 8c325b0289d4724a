"""Reads the header WWW-Authenticate by the grammar of RFC 9110 section 11.6.1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SPACE = re.compile(r"[ \t]*")
_SEPARATOR = re.compile(r"[ \t,]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_TOKEN68 = re.compile(r"([A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|\Z)")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*)"')


@dataclass
class Challenge:
    """Challenge is one way to authenticate that a server offers. Scheme and names are in lower case."""

    scheme: str
    token68: str = ""
    parameters: dict[str, str] = field(default_factory=dict)  # of a name that is there twice, the first


class _Fault(Exception):
    pass


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Takes what matches at the position: the first group, or all of it."""
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match.group(match.lastindex or 0)

    def at_element_end(self) -> bool:
        return self.position == len(self.text) or self.text[self.position] == ","

    def parse(self, challenges: list[Challenge]) -> None:
        current = None  # the challenge to which a parameter may belong
        while True:
            self.take(_SEPARATOR)
            name = self.take(_TOKEN)
            if name is None:
                return
            if _EQUALS.match(self.text, self.position):
                if current is None:
                    return
                self.take_parameter(name, current)
            else:
                current = Challenge(name.lower())
                challenges.append(current)
                self.take_after_scheme(current)
                if current.token68:
                    current = None
            self.take(_SPACE)
            if not self.at_element_end():
                return

    def take_after_scheme(self, challenge: Challenge) -> None:
        """Takes what follows a scheme in its own element: nothing, a token68 or the first parameter."""
        if self.at_element_end():
            return
        if not self.take(_SPACE):
            raise _Fault
        if self.at_element_end():
            return
        token68 = self.take(_TOKEN68)
        if token68 is not None:
            challenge.token68 = token68
            return
        name = self.take(_TOKEN)
        if name is None:
            raise _Fault
        self.take_parameter(name, challenge)

    def take_parameter(self, name: str, challenge: Challenge) -> None:
        if self.take(_EQUALS) is None:
            raise _Fault
        value = self.take(_QUOTED)
        if value is not None:
            value = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        else:
            value = self.take(_TOKEN)
            if value is None:
                raise _Fault
        challenge.parameters.setdefault(name.lower(), value)


def parse_challenges(values: list[str]) -> list[Challenge]:
    """Returns the challenges of all headers WWW-Authenticate. What stands behind a fault in a header is dropped."""
    challenges: list[Challenge] = []
    for value in values:
        try:
            _Parser(value).parse(challenges)
        except _Fault:
            pass
    return challenges
