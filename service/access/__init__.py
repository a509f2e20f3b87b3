"""Who may do what, and how often: keys, tickets, rates. Nothing of HTTP."""
