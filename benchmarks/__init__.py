"""Which peers are we measured against? One module per capability; ``python -m benchmarks`` runs all into docs/benchmarks.md."""
