"""
Where what an operator reads goes: lines of text or of JSON, in files of bounded size,
and repetitions folded.
"""
