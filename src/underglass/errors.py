"""What can go wrong, said so that a person knows what to do next.

::

    UnderglassError
    ├── CaseError        a case folder that is missing, damaged, newer or in the way
    ├── DataError        instances, labels or metadata that cannot be used as they are
    ├── ModelError       a model that does not fit the data or does not repeat itself
    │   └── LayerError   a layer or pooling that does not exist or was not captured
    ├── FilterError      a typed filter that cannot be read; knows the position
    ├── EditError        an edit, undo or patch that is refused
    ├── RoleError        something that who acts may not do
    ├── StaleError       a result whose inputs have changed since
    ├── NotInstalled     an optional package that is missing
    └── JobCancelled     long work that a person stopped
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_LISTED = 12


class UnderglassError(Exception):
    """Root of all errors a person can mend; its message is meant to be read."""


class CaseError(UnderglassError):
    """A case folder that is missing, damaged, newer or in the way."""


class DataError(UnderglassError):
    """Instances, labels or metadata that cannot be used as they are."""


class ModelError(UnderglassError):
    """A model that does not fit the data or does not repeat itself."""


class LayerError(ModelError):
    """A layer or pooling that does not exist or was not captured."""


class FilterError(UnderglassError):
    """A typed filter that cannot be read.

    Parameters
    ----------
    message : what is wrong and what is allowed.
    position : offset of the offending character in the text, from 0.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class EditError(UnderglassError):
    """An edit, undo or patch that is refused."""


class RoleError(UnderglassError):
    """Something that who acts may not do."""


class StaleError(UnderglassError):
    """A result whose inputs have changed since."""


class NotInstalled(UnderglassError):
    """An optional package that is missing."""


class JobCancelled(UnderglassError):
    """Long work that a person stopped; what was written stays."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, which is nearest, and which are.

    Examples
    --------
    >>> unknown("layer", "conv_1", ["conv1", "conv2", "fc"])
    "no layer named 'conv_1'; did you mean 'conv1'? Known: conv1, conv2, fc."
    >>> unknown("layer", "conv1", [])
    "no layer named 'conv1'; there are none."
    """
    names = list(known)
    if not names:
        return f"no {kind} named {name!r}; there are none."
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(names[:MOST_LISTED])
    rest = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"no {kind} named {name!r}; {hint}Known: {listed}{rest}."


def needs(package: str, extra: str) -> NotInstalled:
    """The error for a missing optional package.

    Examples
    --------
    >>> str(needs("torch", "torch"))
    'needs torch: pip install "underglass[torch]"'
    """
    return NotInstalled(f'needs {package}: pip install "underglass[{extra}]"')
