"""What stands between a socket and the app: hypercorn, quart-trio, and their guards."""
