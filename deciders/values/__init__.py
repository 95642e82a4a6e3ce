"""Values that several packages speak of: each a type with one parser and one printer, so that nobody looks into a text."""
