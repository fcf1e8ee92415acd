"""The way in through a browser: a server on this machine alone, and the page that it gives out."""
