"""A tool, a model and a command for Playhead."""
