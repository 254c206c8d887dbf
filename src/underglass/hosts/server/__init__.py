"""The web app's server: a case over HTTP, on this machine, for those who have the token.

========= ===================================================================
app       `create_app`: the routes
security  who may ask what: hosts, origins, token, headers
answers   work in threads, errors as JSON, cancelling when the browser leaves
events    news to open pages (server-sent events)
pages     the built browser half, from memory
start     cases opened on this machine, and opening one
holder    the one case that is open
running   `serve`: bind, print the address, run until interrupted
========= ===================================================================

One process shows one case at a time; the start page switches it (`docs/records/one-case-per-server.md`).
"""

from underglass.hosts.answering import ServedCase
from underglass.hosts.server.app import create_app
from underglass.hosts.server.running import serve

__all__ = ["ServedCase", "create_app", "serve"]
