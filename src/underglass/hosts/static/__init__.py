"""A case as a page that needs neither a server nor a network: one HTML, or a folder; and its edits brought back."""

from underglass.hosts.static.applying import AppliedPage, apply_edits
from underglass.hosts.static.exporting import ENGINES, MEDIA, ExportedPage, export

__all__ = ["ENGINES", "MEDIA", "AppliedPage", "ExportedPage", "apply_edits", "export"]
