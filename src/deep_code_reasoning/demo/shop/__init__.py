"""The simulated shop: ten services on eight hosts, a broker, databases and a card provider."""
