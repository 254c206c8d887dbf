"""The commands of the command line, one file each; `underglass.hosts.command_line` puts them together.

* `demo`, `audit`, `check`, `capture`, `open`, `info`, `patterns`
* `given`: models and data named on the command line
* `saying`: how results and mistakes are said in a terminal

Each imports what it needs when it runs, so that ``--help`` answers at once.
"""
