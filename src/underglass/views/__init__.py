"""What a person sees: one file a view, found by discovery, with no list to edit.

``view`` says what a view is, ``discovery`` finds them: the modules of this package that have a ``VIEW``, and those that other
packages name in the entry point group ``underglass.views``. Each view's browser half is ``web/src/views/<name>.ts``, or the ES
module that comes with somebody else's view.
"""

from underglass.views.discovery import Found, discover
from underglass.views.view import View

__all__ = ["Found", "View", "discover"]
