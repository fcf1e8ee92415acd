"""Personal data: how it is found in text, and masked."""
