"""Plans over any catalogue of typed tools: which ones a request calls for, and what goes from one to the next."""
