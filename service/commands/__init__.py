"""`itten shade` and `itten field`: one job from a command line, here or at a service."""
