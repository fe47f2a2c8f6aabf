"""The room of a server that keeps models: a dialog with the tabs test, pull and models.

`ModelRoom` in `model_room` lays them out. What its keys do is in `shelf` (the models) and `transfers`, what
these share in `base`; which keys there are is one table in `actions`, which `commands` brings into the
palette.
"""
