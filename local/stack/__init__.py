"""The local stack: makes it, starts it under supervisor, runs the pipelines once, shows and stops it.

`make up`, `make down`, `make status`, `make logs` and `make clean` are this package. Nothing of the platform imports
it.
"""
