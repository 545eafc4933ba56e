"""Ready times: what a point can promise, and which point serves a customer best."""
