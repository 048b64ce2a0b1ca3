"""Whether traces were sampled, by whose word, and how many each one stands for."""
