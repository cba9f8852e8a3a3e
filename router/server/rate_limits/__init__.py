"""Rate limits: rules of the settings, counted in Redis for all routers together, or here while Redis is away."""
