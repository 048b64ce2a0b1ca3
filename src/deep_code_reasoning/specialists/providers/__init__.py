"""One module a provider; each implements specialists/port.py and imports its SDK inside the functions that call it."""
