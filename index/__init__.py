"""The library: what was seen and said, and how it is found again."""
