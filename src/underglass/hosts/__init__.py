"""Hosts: the places where views appear.

* `server`: the web app, a case over HTTP on this machine
* `command_line` and `commands`: what a terminal can ask
"""
