"""The ways in: command line first. Nothing here knows more than the rooms below it."""
