"""How databases and other callees are used."""
