"""
The commands about manifests: C{swarmpeer make}, C{show} and C{verify}.
"""
