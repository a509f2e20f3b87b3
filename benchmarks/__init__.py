"""What the figures and pictures of the README come from."""
