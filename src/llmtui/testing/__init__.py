"""What authors of providers test with: a loopback wire server, wire encoders and the laws of the contract."""
