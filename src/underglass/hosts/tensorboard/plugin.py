"""What does TensorBoard ask of a tab? Its name, its module, its routes, and whether there is anything to show."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tensorboard.plugins import base_plugin

from underglass.hosts.tensorboard.logs import Logs, roots_of
from underglass.hosts.tensorboard.tab import Tab


class UnderglassPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """The tab *underglass*: the cases below the log directory.

    Parameters
    ----------
    context
        TensorBoard's own; its log directory and its address are read.
    """

    plugin_name = "underglass"

    def __init__(self, context: Any) -> None:
        flags = getattr(context, "flags", None)
        self._logs = Logs(roots_of(context.logdir, getattr(flags, "logdir_spec", "")))
        self._tab = Tab(self._logs, alone=_is_alone(flags))

    def get_plugin_apps(self) -> Mapping[str, Callable[..., Any]]:
        """The routes."""
        return self._tab.apps()

    def is_active(self) -> bool:
        """Whether a case lies below the log directory; a few hundredths of a second at most once the first look is over."""
        return self._logs.any

    def data_plugin_names(self) -> Collection[str]:
        """Data of the former nPMI plug-in makes the tab active as well."""
        return (self.plugin_name, "npmi")

    def frontend_metadata(self) -> Any:
        """How the tab is shown."""
        return base_plugin.FrontendMetadata(es_module_path="/static/tensorboard.js", tab_name="underglass", disable_reload=True)


def _is_alone(flags: Any) -> bool:
    """Whether TensorBoard listens where only this machine reaches it."""
    if flags is None or getattr(flags, "bind_all", False):
        return False
    host = getattr(flags, "host", None) or "localhost"
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
