"""Composed pages: views, texts and widgets on one sheet, the same in every host.

================  ==================================================================
`items`           what can stand on a page: `CaseView`, `Text`, `Widget`, `Tab`
`composing`       `page`: items in, a `Page` out
`placing`         where items go for which nobody said a place
================  ==================================================================

::

    ug.page([case.view("overview"), ug.markdown("Shirts are the trouble."), case.view("patterns", layer="conv2")],
            title="What the CNN learned").show()
"""

from underglass.pages.composing import Page, page
from underglass.pages.items import CaseView, Tab, Text, Widget, markdown, tab
from underglass.pages.placing import place

__all__ = ["CaseView", "Page", "Tab", "Text", "Widget", "markdown", "page", "place", "tab"]
