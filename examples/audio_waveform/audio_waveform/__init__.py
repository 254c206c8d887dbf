"""Sounds in underglass: `wav_files` reads them, `rendering` shows them, `loudness` measures them."""
