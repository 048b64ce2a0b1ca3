from deep_code_reasoning.mcp_server import main

main()
