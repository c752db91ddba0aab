"""How does each sending system's table of states become identities, events and care relations?"""
