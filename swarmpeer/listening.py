"""
Listening for callers where an option says, from a start to the next stop, told in one
line if it cannot be.
"""

import os
import re
from collections.abc import Callable

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.python.failure import Failure

from swarmpeer.errors import ListenError
from swarmpeer.net.reasons import in_one_line
from swarmpeer.text import printable

SOCKET_MODE = "660"
"""
Who may connect to a local socket for which nothing else is said: the user and the group
of the process.
"""


class Listening:
    """
    Listens at one endpoint; may begin anew after its end.
    """

    def __init__(
        self,
        endpoint: IStreamServerEndpoint,
        begun: Callable[[IListeningPort], None],
        failed: Callable[[ListenError], None],
    ) -> None:
        """
        @param begun: gets the port; a L{ListenError} that it raises closes it.
        @param failed: hears it if listening fails after L{begin}.
        """
        self._endpoint = endpoint
        self._begun = begun
        self._failed = failed
        self._beginning: Deferred[None] | None = None
        self._port: IListeningPort | None = None

    def begin(self, factory: IProtocolFactory) -> None:
        """
        Let C{factory} answer callers.

        @raise ListenError: if it failed already.
        """
        failures: list[ListenError] = []
        is_early = True

        def listening(port: IListeningPort) -> None:
            self._port = port
            try:
                self._begun(port)
            except ListenError:
                self._port = None
                port.stopListening()
                raise

        def deaf(failure: Failure) -> None:
            if failure.check(CancelledError):
                return
            error = listen_error(failure)
            if is_early:
                failures.append(error)
            else:
                self._failed(error)

        port = self._endpoint.listen(factory)
        self._beginning = port.addCallback(listening).addErrback(deaf)
        is_early = False
        if failures:
            raise failures[0]

    async def end(self) -> None:
        """
        Nobody calls us any more.
        """
        if self._beginning is not None:
            self._beginning.cancel()
        if self._port is not None:
            port, self._port = self._port, None
            closing = port.stopListening()
            if isinstance(closing, Deferred):
                await closing


def named_endpoint(
    reactor: object,
    option: str,
    description: str | None,
    advice: str,
) -> IStreamServerEndpoint | None:
    """
    The Twisted endpoint that an option names.

    @param option: for errors.
    @param advice: what to do about one that is none.
    @return: C{None} if nobody named one.
    @raise ListenError: if there is no such endpoint.
    """
    if description is None:
        return None
    try:
        endpoint: IStreamServerEndpoint = serverFromString(
            reactor, with_socket_mode(description)
        )
    except (LookupError, AttributeError) as error:
        if not description.startswith("systemd:"):
            raise
        raise ListenError(
            f"--{option} {description!r}: no such socket was handed over; "
            "its unit has to be active and to name it, as in FileDescriptorName=peer "
            "and systemd:domain=INET6:name=peer"
        ) from error
    except (ValueError, TypeError, ImportError) as error:
        raise ListenError(
            f"--{option} {description!r} is no endpoint ({error}); {advice}"
        ) from error
    return endpoint


def listen_error(failure: Failure) -> ListenError:
    """
    Why an endpoint does not listen, and what to do.
    """
    error = failure.value
    if isinstance(error, ListenError):
        return error
    if isinstance(error, CannotListenError):
        where = f"{error.interface or '*'}:{error.port}"
        why = getattr(error.socketError, "strerror", None) or error.socketError
        return ListenError(f"cannot listen at {where}: {why}; free it or change it")
    if isinstance(error, OSError) and isinstance(error.filename2, bytes):
        # The lock beside a unix socket, which Twisted makes first.
        where = printable(os.fsdecode(error.filename2).removesuffix(".lock"))
        return ListenError(
            f"cannot listen at unix:{where}: {error.strerror}; name a path in a folder "
            "that is there and that this user may write to"
        )
    return ListenError(f"cannot listen: {in_one_line(failure)}")


def shown_address(address: object) -> str:
    """
    The address of a port, for people.
    """
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, UNIXAddress) and address.name is not None:
        # One that is in no folder begins with a null byte.
        name = os.fsdecode(address.name)
        return printable(f"@{name[1:]}" if name.startswith("\0") else name)
    return str(address)


def with_socket_mode(description: str) -> str:
    """
    A description of an endpoint, in which a local socket that is given no mode has one
    that keeps strangers out; in Twisted's own everybody may connect.
    """
    name, *fields = re.split(r"(?<!\\):", description)
    unnamed = [field for field in fields if not re.search(r"(?<!\\)=", field)]
    has_mode = any(field.startswith("mode=") for field in fields)
    if name != "unix" or has_mode or len(unnamed) > 1:
        return description
    return f"{description}:mode={SOCKET_MODE}"
