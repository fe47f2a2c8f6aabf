"""A person's own keys, checked: unknown actions, clashes, and keys that never arrive."""
