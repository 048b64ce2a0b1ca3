"""Which files, and which parts of them, a question is about: counted from words, names and places, without a model."""
