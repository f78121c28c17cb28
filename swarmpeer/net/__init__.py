"""
The edge towards the network: TCP connections that speak the peer protocol.
"""
