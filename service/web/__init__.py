"""The HTTP contract: routes, sockets, uploads, answers."""
