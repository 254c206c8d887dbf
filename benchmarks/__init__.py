"""Which peers are we measured against? One module per capability; ``python -m benchmarks`` runs all and writes docs/benchmarks.md."""
