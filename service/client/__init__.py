"""A service over HTTP, as typed functions: what `itten shade --url` is made of."""
