"""
The Twisted endpoints that options name.
"""

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint

from swarmpeer.errors import ListenError
from swarmpeer.listening import with_socket_mode


def named_endpoint(
    reactor: object, option: str, description: str | None
) -> IStreamServerEndpoint | None:
    """
    @param option: that names it, for errors.
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
            f"--{option} {description!r}: no such socket was handed over ({error!r}); "
            "its unit has to be active and to name it, as in FileDescriptorName=peer "
            "and systemd:domain=INET6:name=peer"
        ) from error
    except (ValueError, TypeError, ImportError) as error:
        raise ListenError(
            f"--{option} {description!r} is no endpoint ({error}); give one such as "
            f"tcp:6008:interface=10.0.0.7"
        ) from error
    return endpoint
