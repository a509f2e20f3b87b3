"""Commands: a job, here or at a service; a new key; whether a service is ready."""
