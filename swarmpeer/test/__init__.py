"""
Unit tests, one module per module; run by C{trial swarmpeer}.
"""
