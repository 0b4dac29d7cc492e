"""The data plane of gateways: MCP over HTTP, from the token to the tool and back."""
