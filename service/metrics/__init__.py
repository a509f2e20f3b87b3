"""What the service can be watched by: counts, gauges, and how late its event loop is."""
