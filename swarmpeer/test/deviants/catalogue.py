"""
Who breaks which clause.
"""

from collections.abc import Mapping

from swarmpeer.test.conformance_swarm import (
    Deviant,
)
from swarmpeer.test.deviants.bitfields import (
    AnyBitfield,
    LateBitfield,
    LongBitfield,
    LowBitFirst,
    NeedsBitfield,
    NoEmptyBitfield,
    SecondBitfield,
    SpareBits,
)
from swarmpeer.test.deviants.choking import (
    ServesAfterChoke,
    ServesChoked,
    SlowUnchoke,
    UnchokesAll,
    UnchokesIdle,
)
from swarmpeer.test.deviants.endings import (
    DiesOfHeader,
    DiesOfReset,
    EndsEarly,
    NeverEnds,
    NoWayBack,
)
from swarmpeer.test.deviants.framing import (
    AnyLength,
    EightTypes,
    LongChoke,
    NinthType,
    OneARead,
    WholeReads,
)
from swarmpeer.test.deviants.handshakes import (
    AnyAnswer,
    AnyHeader,
    AnyId,
    AnyZeros,
    Blocked,
    Patient,
    TextZeros,
    WaitingCalled,
    WaitingCaller,
)
from swarmpeer.test.deviants.haves import (
    AnyHave,
    SilentToGiver,
    SilentToOthers,
    TellsLacking,
)
from swarmpeer.test.deviants.interest import (
    ForeverInterested,
    NoInterestInHaves,
    OnceInterested,
    SilentOnBitfields,
)
from swarmpeer.test.deviants.requests import (
    AsksChoked,
    AsksForHeld,
    AsksTwice,
    AsksUntold,
    Gives,
    LosesRequests,
    NeverAsks,
    NoLatePieces,
    PadsLast,
    ServesBehind,
    ServesLacking,
    WrongBytes,
)

DEVIANTS: Mapping[str, type[Deviant]] = {
    "W-HS-1": TextZeros,
    "W-HS-2": WaitingCaller,
    "W-HS-3": WaitingCalled,
    "W-HS-4": AnyHeader,
    "W-HS-5": AnyZeros,
    "W-HS-6": AnyId,
    "W-HS-7": AnyAnswer,
    "W-HS-8": Blocked,
    "W-HS-9": Patient,
    "W-BF-1": LateBitfield,
    "W-BF-2": LongBitfield,
    "W-BF-3": SpareBits,
    "W-BF-4": LowBitFirst,
    "W-BF-5": NoEmptyBitfield,
    "W-BF-6": NeedsBitfield,
    "W-BF-7": AnyBitfield,
    "W-BF-8": SecondBitfield,
    "W-FR-1": WholeReads,
    "W-FR-2": OneARead,
    "W-FR-3": EightTypes,
    "W-FR-4": AnyLength,
    "W-FR-5": LongChoke,
    "W-FR-6": NinthType,
    "W-IN-1": SilentOnBitfields,
    "W-IN-2": NoInterestInHaves,
    "W-IN-3": ForeverInterested,
    "W-IN-4": OnceInterested,
    "W-CH-1": ServesChoked,
    "W-CH-2": UnchokesIdle,
    "W-CH-3": SlowUnchoke,
    "W-CH-4": UnchokesAll,
    "W-CH-5": ServesAfterChoke,
    "W-RQ-1": AsksUntold,
    "W-RQ-2": AsksChoked,
    "W-RQ-3": AsksTwice,
    "W-RQ-4": AsksForHeld,
    "W-RQ-5": NeverAsks,
    "W-RQ-6": LosesRequests,
    "W-RQ-7": NoLatePieces,
    "W-PC-1": WrongBytes,
    "W-PC-2": PadsLast,
    "W-PC-3": ServesBehind,
    "W-PC-4": ServesLacking,
    "W-PC-5": Gives,
    "W-HV-1": SilentToOthers,
    "W-HV-2": SilentToGiver,
    "W-HV-3": TellsLacking,
    "W-HV-4": AnyHave,
    "W-CN-1": DiesOfReset,
    "W-CN-2": NoWayBack,
    "W-CN-3": DiesOfHeader,
    "W-EN-1": EndsEarly,
    "W-EN-2": NeverEnds,
}
"""
By the clause that each breaks.
"""
