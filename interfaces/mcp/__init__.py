"""The library for clients of the Model Context Protocol: over a pipe, or over HTTP on this machine."""
