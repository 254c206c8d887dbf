"""underglass: see what a neural network learned, where it fails, for whom, and which labels are wrong; then act."""

__version__ = "0.1.0"
