"""Arrays in, meaning out: a Protocol for each role (`roles`), a class for each backend."""
