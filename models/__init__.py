"""Arrays in, meaning out: one file per role, one class per backend."""
