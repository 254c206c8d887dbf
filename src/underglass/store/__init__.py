"""The case on disk, and nothing else.

================  =====================================================================
`case_folder`     `CaseFolder`: make and open a case, hand out its parts
`manifest`        ``case.json``: schema, names, counts, hashes
`instances`       the table of instances
`media`           `MediaStore`: images and texts for showing (`media_writer` adds them)
`records`         `ModelRecord`, `LayerRecord`: what a case remembers of a model
`model_folder`    `ModelFolder`: predictions, probabilities, layers of one model
`activations`     `Activations`: one layer, by unit, by instance or whole
`shards`          `ShardWriter`: a capture that can be killed and goes on (`halves`: float16)
`picks`           `Picks`: the rows behind the names of picks in addresses
`results`         `ResultStore`: results, and what has changed since
`journal`         `Journal`: edits, undo, redo, several processes (`journal_file`, `journal_rows`)
`edits`           `Edit`: one change, and how it is written down
`operations`      what each operation does (`overlay` holds what it leads to)
`history`         which edits stand, and which can be taken back
`patches`         edits that travel to a copy of the case
`verification`    is every file still what was written? (`sealed`: small files that know)
`fingerprints`    hashes of arrays, tables and files
`writing`         whole files or none; `locks`, `names`, `npy` and `network_drives` beside it
================  =====================================================================
"""

from __future__ import annotations

from underglass.store.activations import BLOCK, Activations
from underglass.store.case_folder import CaseFolder
from underglass.store.edits import UNCHANGED, UNLABELLED, Edit
from underglass.store.fingerprints import hash_array, hash_bytes, hash_file, hash_json, hash_table
from underglass.store.journal import Journal, Transaction
from underglass.store.manifest import SCHEMA, Manifest
from underglass.store.media import MediaStore
from underglass.store.media_writer import MediaWriter
from underglass.store.model_folder import ModelFolder
from underglass.store.overlay import Overlay, Subset
from underglass.store.patches import Applied, apply_patch, export_patch
from underglass.store.picks import Picks
from underglass.store.records import LayerRecord, ModelRecord
from underglass.store.results import ResultStore, StoredResult
from underglass.store.shards import ShardWriter

__all__ = [
    "BLOCK",
    "SCHEMA",
    "UNCHANGED",
    "UNLABELLED",
    "Activations",
    "Applied",
    "CaseFolder",
    "Edit",
    "Journal",
    "LayerRecord",
    "Manifest",
    "MediaStore",
    "MediaWriter",
    "ModelFolder",
    "ModelRecord",
    "Overlay",
    "Picks",
    "ResultStore",
    "ShardWriter",
    "StoredResult",
    "Subset",
    "Transaction",
    "apply_patch",
    "export_patch",
    "hash_array",
    "hash_bytes",
    "hash_file",
    "hash_json",
    "hash_table",
]
