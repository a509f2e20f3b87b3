"""The fields of a request: ranges, defaults, and how they are read."""
