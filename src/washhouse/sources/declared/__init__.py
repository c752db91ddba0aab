"""Sources that a site declares in a TOML file instead of programming them."""
