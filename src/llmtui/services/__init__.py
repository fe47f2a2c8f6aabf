"""Use cases: what the program does, without Textual and without HTTP."""
