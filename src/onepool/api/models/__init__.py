"""What the HTTP API takes and gives, one module per room. The OpenAPI document is made from these models."""
