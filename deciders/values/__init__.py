"""Values shared by several packages: each a type with one parser and one printer, so that no code has to search a text."""
