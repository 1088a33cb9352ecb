"""REST: our own profile and the agencies' dialects, one address for each interaction, OpenAPI beside them."""
