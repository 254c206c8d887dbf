"""What are the words of a typed filter, and where does each stand?"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from underglass.errors import FilterError

MOST_CHARACTERS = 100_000
RESERVED = frozenset(("and", "between", "contains", "false", "in", "is", "not", "null", "or", "starts", "true"))
"""Words that name a column only inside double quotes."""

PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:[.@:-]\w+)*")
"""A name that needs no quotes. There is no arithmetic, so ``hours-per-week``, ``pattern.conv2``, ``prediction@cnn`` are names."""

NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
RUN = re.compile(r"[\w.@:-]+")
SPACES = " \t\r\n\u00a0"
UNWRITABLE = re.compile(r"[\0\ud800-\udfff]")
SYMBOLS = ("<=", ">=", "!=", "<>", "==", "≤", "≥", "≠", "=", "<", ">", "(", ")", ",", "-", "−", "+")
SAME_AS = {"<>": "!=", "==": "=", "≤": "<=", "≥": ">=", "≠": "!=", "−": "-"}
HINTS = {
    "&": "; write and",
    "|": "; write or",
    "!": "; write not",
    "“": "; write straight quotes, as in 'Shirt'",
    "”": "; write straight quotes, as in 'Shirt'",
    "‘": "; write straight quotes, as in 'Shirt'",
    "’": "; write straight quotes, as in 'Shirt'",
}

Sort = Literal["name", "quoted name", "word", "number", "text", "symbol", "end"]


@dataclass(frozen=True)
class Token:
    """One word of a filter.

    Parameters
    ----------
    sort : what it is; a ``word`` is one of ``RESERVED``, in lower case.
    value : a name or text without its quotes, a symbol in its usual form.
    source : as typed.
    position : of its first character, from 0, in characters.
    """

    sort: Sort
    value: str
    source: str
    position: int


def tokens(text: str) -> list[Token]:
    """The words of a filter, the last one being the end.

    Raises
    ------
    FilterError
        On a quote that is not closed, a number with letters in it, a character that means nothing here.

    Examples
    --------
    >>> [t.value for t in tokens("label = 'Shirt'")]
    ['label', '=', 'Shirt', '']
    """
    if len(text) > MOST_CHARACTERS:
        raise FilterError(f"a filter of {len(text):,} characters is too long; {MOST_CHARACTERS:,} are allowed", MOST_CHARACTERS)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in SPACES:
            at += 1
            continue
        token = _token(text, at)
        found.append(token)
        at += len(token.source)
    return [*found, Token("end", "", "", len(text))]


def _token(text: str, at: int) -> Token:
    character = text[at]
    if character in "'\"":
        return _quoted(text, at)
    if number := NUMBER.match(text, at):
        return _number(text, number)
    if name := PLAIN_NAME.match(text, at):
        word = name[0].lower()
        return Token("word", word, name[0], at) if word in RESERVED else Token("name", name[0], name[0], at)
    for symbol in SYMBOLS:
        if text.startswith(symbol, at):
            return Token("symbol", SAME_AS.get(symbol, symbol), symbol, at)
    raise FilterError(f"{character!r} is not part of a filter{HINTS.get(character, '')}", at)


def _quoted(text: str, at: int) -> Token:
    quote = text[at]
    kind = "text" if quote == "'" else "name"
    close = text.find(quote, at + 1)
    while close >= 0 and text.startswith(quote, close + 1):
        close = text.find(quote, close + 2)
    if close < 0:
        raise FilterError(f"the {kind} that begins here is not closed; it ends with {quote}", at)
    if bad := UNWRITABLE.search(text, at, close):
        raise FilterError(f"a {kind} cannot hold the character {bad[0]!r}", bad.start())
    value = text[at + 1 : close].replace(quote * 2, quote)
    return Token("text" if kind == "text" else "quoted name", value, text[at : close + 1], at)


def _number(text: str, match: re.Match[str]) -> Token:
    at = match.start()
    run = RUN.match(text, at)
    if run is not None and run.end() > match.end():
        raise FilterError(f"{run[0]!r} is neither a number nor a name; write texts and times in quotes", at)
    if math.isinf(float(match[0])):
        raise FilterError(f"{match[0]} is too large a number", at)
    return Token("number", match[0], match[0], at)
