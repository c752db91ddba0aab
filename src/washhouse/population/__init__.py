"""How does care differ between places?"""
