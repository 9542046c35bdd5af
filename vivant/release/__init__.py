"""Release: the only way out. Label, metadata, manifest; and reading all of it back."""
