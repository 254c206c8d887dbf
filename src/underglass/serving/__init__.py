"""Serving: what are the current values of a case's instances, as every view and host asks for them?

One table ``instances`` in memory, with the edits laid over the source, and a table for each subset and pick. Browsers send
SQL; what it can reach and do is locked in three rings: `statements` (one SELECT over the served tables), `database` (a
read-only transaction, a memory limit, a time limit) and the engine's own settings (no files, no extensions).

============== =============================================================
serving        `Serving`: ask, edit, subsets, picks, columns
database       the locked engine: one cursor per request, versions
watching       time limits and cancelling
statements     which SQL a browser may send
preaggregates  the tables a browser may have made
loading        an Arrow table of instances → the served table
state          what is served at one version
overlays       edits → updates in place
result_columns results → columns
subsets        named sets as tables, live ones evaluated anew
columns        what the columns hold
lasso          which points lie in a polygon
============== =============================================================
"""

from underglass.serving.columns import Columns
from underglass.serving.database import Answer
from underglass.serving.loading import ModelColumns, distinct_names
from underglass.serving.serving import Serving
from underglass.serving.statements import QueryError
from underglass.serving.watching import Stop

__all__ = ["Answer", "Columns", "ModelColumns", "QueryError", "Serving", "Stop", "distinct_names"]
