"""``python -m underglass``: the command line."""

from underglass.hosts.command_line import main

if __name__ == "__main__":
    main()
