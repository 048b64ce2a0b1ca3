"""Models that read a brief and answer with a typed analysis. The local analyst is one of them and always there."""
