"""
The simulated network against the real one: the same dialogues end the same way.
"""

from typing import cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from swarmpeer.test.tcp_scripts import SCRIPTS, Script, SideFactory, Told
from swarmpeer.test.test_transport import ENDINGS

CLOCK = cast(IReactorTime, reactor)
OVER_SECONDS = 1.0
"""
When every dialogue is over; they all run at the same time.
"""


async def play(script: Script) -> tuple[Told, Told]:
    """
    @return: what both ends meet with over the loopback interface.
    """
    caller = SideFactory(script.caller, CLOCK)
    called = SideFactory(script.called, CLOCK)
    listening = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    port = await listening.listen(called)
    try:
        number = port.getHost().port
        await TCP4ClientEndpoint(reactor, "127.0.0.1", number).connect(caller)
        await deferLater(CLOCK, OVER_SECONDS)
    finally:
        await port.stopListening()
    return caller.told, called.told


class LikenessTests(TestCase):
    """
    What the simulated sockets are taken for.
    """

    async def test_dialogues(self) -> None:
        """
        Each dialogue ends over real sockets as it is told to end over simulated
        ones.
        """
        told = await gatherResults(
            [Deferred.fromCoroutine(play(script)) for script in SCRIPTS.values()]
        )
        self.assertEqual(dict(zip(SCRIPTS, told, strict=True)), ENDINGS)
