"""The engine and its peers, accuracy and time side by side: `python -m benchmarks.engine`."""
