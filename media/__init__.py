"""Files in, arrays out (and back): the only code that touches containers and codecs."""
