"""The subsets of a case as a mapping by name: read, define and drop them; every change is an edit that can be undone."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from underglass.errors import CaseError, unknown
from underglass.store import Subset

if TYPE_CHECKING:
    from underglass.case import Case


class Subsets(MutableMapping[str, Any]):
    """Named sets of instances.

    Reading gives a `Subset`; setting takes a filter, a filter tree, rows or the selection.

    Examples
    --------
    >>> case.subsets["unsure shirts"] = "label = 'Shirt' and confidence < .5"
    >>> case.subsets["unsure shirts"].kind
    'live'
    >>> del case.subsets["unsure shirts"]
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def _now(self) -> dict[str, Subset]:
        return dict(self._case.folder.journal.state().subsets)

    def __getitem__(self, name: str) -> Subset:
        return self._now()[name]

    def __setitem__(self, name: str, where: Any) -> None:
        self._case.subset(name, where)

    def __delitem__(self, name: str) -> None:
        if name not in self._now():
            raise CaseError(unknown("subset", name, self._now()))
        self._case.edit("drop_subset", value={"name": name})

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def __repr__(self) -> str:
        return f"<subsets: {', '.join(self) or 'none'}>"
