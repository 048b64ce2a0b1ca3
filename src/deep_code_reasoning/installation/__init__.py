"""Makes MCP clients know the server: the place and shape of each client's configuration is clients.toml."""
