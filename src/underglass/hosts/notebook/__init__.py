"""The notebook host: views and pages as widgets in JupyterLab, marimo and whatever else speaks anywidget.

========== =====================================================================
showing    what a cell shows: the widget, and a picture and words where none runs
widgets    the small widget of one view or page
sessions   one per case: requests of its widgets answered, news told
drawing    the browser half, sent once per page by its hash
========== =====================================================================

Why it is so: `docs/records/notebook-host.md`.
"""

from underglass.hosts.notebook.showing import bundle, in_notebook, mimebundle, page_of, show, widget

__all__ = ["bundle", "in_notebook", "mimebundle", "page_of", "show", "widget"]
