"""
The commands about configurations: C{swarmpeer config check} and C{convert}.
"""
