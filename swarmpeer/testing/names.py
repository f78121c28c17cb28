"""
What can be named in a scenario, for those who only read or draw names: none of the
code behind them is needed for that.
"""

ROLE_NAMES = (
    "liar",
    "poisoner",
    "black-hole",
    "slow-drip",
    "length-bomb",
    "id-thief",
    "self-dialler",
    "flapper",
    "request-flood",
    "spare-bit-setter",
    "out-of-range",
    "late-replayer",
)
"""
The hostile roles: L{swarmpeer.testing.hostile.ROLES}.
"""

PICKING_NAMES = ("random", "rarest", "sequential")
"""
The ways to choose the next piece: L{swarmpeer.core.piece_pickers.PIECE_PICKERS}.
"""

POLICY_NAMES = ("classic", "fleet", "lottery", "open")
"""
The ways to choose whom to serve: L{swarmpeer.testing.policies.POLICIES}.
"""
