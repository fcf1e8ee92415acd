"""Plans over any catalogue of tools that names types: which tools a request calls for, and what goes from one to the next."""
