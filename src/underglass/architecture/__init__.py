"""From a model graph to a figure: group what belongs together, lay it out, draw it.

* `graph`: operations and connections, the same for every framework
* `grouping`, `repeats`: hide types, fold modules and repeats into aggregates
* `columns`, `scales`, `glyphs`: where everything stands, how large it is, which outline it has
* `drawing`, `legend`: the figure as a scene of polygons, lines and words
* `svg`, `pdf`, `tikz`, `png`: one writer a format, all of the same scene

It imports no other room and no framework: a graph in, bytes out.
"""
