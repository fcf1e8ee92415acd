"""The tools: what an agent, a script or a person can do with a library. One tool, one file."""
