"""What every audience shares: application, sessions, route table, layout, words for codes."""
