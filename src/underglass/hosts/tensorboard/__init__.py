"""Cases as a tab of TensorBoard: those in the log directory, and runs of its former nPMI plug-in.

========= =====================================================================
plugin    what TensorBoard asks: routes, whether there is anything to show
logs      which cases lie below the log directory
tab       the routes of the tab over WSGI, and who may ask
news      server-sent events from threads
========= =====================================================================

TensorBoard finds it by the entry point ``tensorboard_plugins``; ``pip install underglass[tensorboard]`` installs both.
"""
