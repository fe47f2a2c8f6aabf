"""Encoders render a neutral scenario into the bytes of one wire, one byte string per event of that wire."""
