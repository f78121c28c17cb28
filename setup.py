"""
Nothing here: see pyproject.toml.  Kept for tools that look for a setup.py.
"""

from setuptools import setup

setup()
