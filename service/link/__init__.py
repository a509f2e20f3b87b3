"""The connection to the worker, and its supervision."""
