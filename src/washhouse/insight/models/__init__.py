"""How is a risk model fitted, judged, written down and kept?"""
