"""
What a peer tells Prometheus.
"""
