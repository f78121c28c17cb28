"""
The logic of one peer: no Twisted, no clock, no file, no global chance.
"""
