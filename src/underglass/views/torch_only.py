"""Which questions can only be asked of torch modules, and what is said of other models?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from underglass.case import Case

WHAT = {
    "onnx": "an ONNX file, which is run forwards only and gives no gradients",
    "keras": "a Keras model, whose layers are seen but not changed on the way",
}


def torch_only(case: Case, what: str) -> str | None:
    """Why something cannot be done with the attached model, in words; None if it can.

    Parameters
    ----------
    what : a beginning such as "influence is measured".
    """
    framework = getattr(case.attached, "framework", "torch" if hasattr(case.attached, "net") else "none")
    if framework == "torch":
        return None
    return f"{what} on torch modules, and the attached model is {WHAT.get(framework, framework)}."
