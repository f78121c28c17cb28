"""
Getting the manifest from the others, for a peer that knows only the infohash.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import cast

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredLock,
    DeferredSemaphore,
    TimeoutError,
)
from twisted.internet.interfaces import (
    IAddress,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from swarmpeer.config import PeerInfo
from swarmpeer.errors import ManifestError, ProtocolViolation, ViolationReason
from swarmpeer.events import DialFailed, ManifestFetched, SwarmEvent, ViolationSeen
from swarmpeer.manifest import Manifest, parse_manifest
from swarmpeer.net.dialing import RETRY, call
from swarmpeer.net.goodbye import goodbye_code
from swarmpeer.net.limits import Limits
from swarmpeer.net.manifest_parts import ManifestAsker
from swarmpeer.net.reasons import ConversationEnded
from swarmpeer.thread_work import Answer, RunInThread
from swarmpeer.wire.extension import GoodbyeCode
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake

CALLS = 4
"""
So many neighbours are called at a time.
"""
TURN_SECONDS = 30.0
"""
How long a neighbour may take for the manifest at its first turn; each time that it
needs more it gets twice as long at the next.  So one that sends it as slowly as it
can does not keep the others from their turns.
"""
BAD_MANIFEST_SECONDS = 60.0
"""
Who gave a wrong manifest is not asked again for so long.
"""
INLINE_BYTES = 2**20
"""
A longer manifest is read in a thread, if there is one.
"""


_Fetched = tuple[int, Manifest, int]
"""
From whom, what, and how many bytes long.
"""


class ManifestFetcher:
    """
    Asks one neighbour after the other, from C{start} on, until one gives the right
    manifest.  A few are called ahead; only one is asked at a time, so no more than
    one manifest is in memory.
    """

    _log = Logger()

    def __init__(
        self,
        infohash: bytes,
        own_id: int,
        peers: Sequence[PeerInfo],
        endpoint_for: Callable[[PeerInfo], IStreamClientEndpoint],
        clock: IReactorTime,
        rng: Random,
        publish: Callable[[SwarmEvent], None],
        limits: Limits = Limits(),  # noqa: B008 (a frozen value)
        *,
        run_in_thread: RunInThread | None = None,
    ) -> None:
        """
        @param infohash: of the manifest, 32 bytes.
        @param peers: whom to ask.
        @param endpoint_for: the way to a peer; asked anew for each call.
        @param rng: for the jitter.
        @param publish: hears of each call that failed, of each neighbour that broke
            the protocol, and of the manifest.
        @param run_in_thread: where a long manifest is read.
        """
        self._infohash = infohash
        self._own = Handshake(own_id, Feature.VERIFIED, infohash[:SWARM_BYTES])
        self._peers = peers
        self._endpoint_for = endpoint_for
        self._clock = clock
        self._rng = rng
        self._publish = publish
        self._limits = limits
        self._run_in_thread = run_in_thread
        self._fetched: Deferred[Manifest] | None = None
        self._lines: list[Deferred[_Fetched]] = []

    def start(self) -> Deferred[Manifest]:
        """
        Ask everybody, for as long as it takes.

        @return: the manifest.  Cancelling it stops everything, too.
        """
        fetched: Deferred[Manifest] = Deferred(lambda _: self._end())
        self._fetched = fetched
        self._calls = DeferredSemaphore(CALLS)
        self._turn = DeferredLock()
        # Of many that join at once, not all begin with the same neighbour.
        for peer in self._rng.sample(self._peers, len(self._peers)):
            line = Deferred.fromCoroutine(self._keep_asking(peer))
            self._lines.append(line)
            line.addCallbacks(self._succeed, self._line_ended, errbackArgs=(line,))
        return fetched

    def stop(self) -> None:
        """
        Ask nobody any more; what C{start} returned fails with C{CancelledError}.
        """
        if self._fetched is not None:
            self._fetched.cancel()

    @property
    def _is_running(self) -> bool:
        return self._fetched is not None

    async def _keep_asking(self, peer: PeerInfo) -> _Fetched:
        failures = 0
        turn_seconds = TURN_SECONDS
        while True:
            wait = 0.0
            try:
                async with self._calls:
                    return await self._call(peer, turn_seconds)
            except ProtocolViolation as violation:
                reason = str(violation)
                self._publish(
                    ViolationSeen(
                        peer.peer_id, violation.reason.value, violation.detail
                    )
                )
                if violation.reason is ViolationReason.BAD_MANIFEST:
                    wait = BAD_MANIFEST_SECONDS
            except TimeoutError:
                reason = f"the manifest was not whole after {turn_seconds:g} seconds"
                turn_seconds *= 2
            except ConversationEnded as ended:
                if not self._is_running:
                    raise
                reason = str(ended)
            failures += 1
            wait = wait or RETRY.wait_after(failures, self._rng)
            self._publish(DialFailed(peer.peer_id, reason, wait))
            await deferLater(self._clock, wait)

    async def _call(self, peer: PeerInfo, turn_seconds: float) -> _Fetched:
        if not self._is_running:
            # Whoever waited for others is let in when these are sent away.
            raise CancelledError
        factory = _AskerFactory(peer.peer_id, self._own, self._clock, self._limits)
        asker = cast(ManifestAsker, await call(self._endpoint_for, peer, factory))
        try:
            await asker.when_greeted()
            async with self._turn:
                data = await asker.fetch().addTimeout(turn_seconds, self._clock)
                manifest = await self._read(data)
        except Exception as error:
            asker.leave(*_last_words(error))
            raise
        asker.leave(GoodbyeCode.OTHER, "has the manifest now")
        return peer.peer_id, manifest, len(data)

    async def _read(self, data: bytes) -> Manifest:
        """
        @raise ProtocolViolation: if it is not what it should be.
        """
        try:
            if self._run_in_thread is None or len(data) <= INLINE_BYTES:
                manifest = parse_manifest(data)
            else:
                manifest = await _parse_in_thread(self._run_in_thread, data)
        except ManifestError as error:
            raise ProtocolViolation(ViolationReason.BAD_MANIFEST, str(error)) from error
        if manifest.infohash != self._infohash:
            raise ProtocolViolation(
                ViolationReason.BAD_MANIFEST,
                f"its infohash is {manifest.infohash.hex()}",
            )
        return manifest

    def _succeed(self, result: _Fetched) -> None:
        peer_id, manifest, size_bytes = result
        fetched = self._fetched
        self._end()
        self._publish(ManifestFetched(peer_id, size_bytes))
        if fetched is not None:
            fetched.callback(manifest)

    def _end(self) -> None:
        self._fetched = None
        lines, self._lines = self._lines, []
        for line in lines:
            line.cancel()

    def _line_ended(self, failure: Failure, line: Deferred[_Fetched]) -> None:
        fetched = self._fetched
        if fetched is None:
            # A call that is cancelled under way fails in ways of its own.
            return
        self._log.failure(
            "Asking a peer for the manifest failed by a mistake of our own", failure
        )
        self._lines.remove(line)
        if not self._lines:
            self._end()
            fetched.errback(failure)


class _AskerFactory(Factory):
    """
    Makes the connection to one peer.
    """

    noisy = False

    def __init__(
        self, peer_id: int, own: Handshake, clock: IReactorTime, limits: Limits
    ) -> None:
        self._peer_id = peer_id
        self._own = own
        self._clock = clock
        self._limits = limits

    def buildProtocol(self, addr: IAddress | None) -> ManifestAsker:  # noqa: ARG002
        """
        Make it.
        """
        return ManifestAsker(self._peer_id, self._own, self._clock, self._limits)


def _last_words(error: Exception) -> tuple[GoodbyeCode, str]:
    """
    What is said to a neighbour that is left because of C{error}.
    """
    match error:
        case ProtocolViolation():
            return goodbye_code(error), error.detail
        case TimeoutError():
            return GoodbyeCode.OTHER, "it takes too long"
        case CancelledError():
            return GoodbyeCode.STOPPING, "stopping"
        case _:
            return GoodbyeCode.INTERNAL, "internal error"


def _parse_in_thread(run_in_thread: RunInThread, data: bytes) -> Deferred[Manifest]:
    parsed: Deferred[Manifest] = Deferred()

    def work() -> Answer:
        try:
            manifest = parse_manifest(data)
        except Exception:
            failure = Failure()
            return lambda: parsed.errback(failure)
        return lambda: parsed.callback(manifest)

    run_in_thread(work)
    return parsed
