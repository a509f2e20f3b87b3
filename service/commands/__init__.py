"""`itten shade` and `itten field`: one picture, without a server."""
