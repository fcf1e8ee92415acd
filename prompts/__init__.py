"""Every word sent to a language model, kept as files in this folder."""
