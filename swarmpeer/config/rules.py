"""
What one word of the configuration may be: a number, a file name, a host.
"""

import ipaddress
import re

from swarmpeer.config.text import ConfigText, Word
from swarmpeer.file_name import file_name_fault
from swarmpeer.text import quoted

_DIGITS = re.compile("[0-9]+")
_DIGITS_AND_DOTS = re.compile("[0-9.]+")
_HOST_LABEL = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
_HOST_ZONE = re.compile("[A-Za-z0-9_.-]+")


def read_number(
    source: ConfigText, word: Word, what: str, least: int, most: int, unit: str = ""
) -> int:
    """
    The number that C{word} writes in plain digits.

    @param what: what it is the number of, for the error.
    @raise ConfigError: if it is no whole number from C{least} to C{most}.
    """
    # Without leading zeros the length bounds the value; int() itself refuses
    # a text of thousands of digits.
    digits = word.text.lstrip("0") or "0"
    if _DIGITS.fullmatch(word.text) and len(digits) <= len(str(most)):
        number = int(digits)
        if least <= number <= most:
            return number
    of_unit = f" of {unit}" if unit else ""
    raise source.error(
        word,
        f"{what} is {quoted(word.text)}",
        f"a whole number{of_unit} from {least} to {most} in plain digits",
    )


def read_file_name(source: ConfigText, word: Word, what: str) -> str:
    """
    The file name that C{word} is.

    @raise ConfigError: if it is not safe, see L{file_name_fault}.
    """
    if fault := file_name_fault(word.text):
        reason, right = fault
        raise source.error(word, f"{what} {quoted(word.text)} {reason}", right)
    # The same bytes become the same text, however they were handed in.
    encoded = word.text.encode("utf-8", "surrogateescape")
    return encoded.decode("utf-8", "surrogateescape")


def read_host(source: ConfigText, word: Word) -> str:
    """
    The host that C{word} names; IPv6 without the brackets it may stand in.

    @raise ConfigError: if it is neither a plausible name nor an address.
    """
    host = word.text
    if host.startswith("[") and host.endswith("]") and ":" in host:
        host = host[1:-1]
    if host_identity(host) is None:
        raise source.error(
            word,
            f"the host is {quoted(word.text)}",
            "a host name in ASCII, an IPv4 or an IPv6 address",
        )
    return host


def host_identity(host: str) -> str | None:
    """
    The same text for each spelling of one host (upper case, a final dot, a long
    form of IPv6), or C{None} if C{host} is no host.
    """
    try:
        if ":" in host:
            address, percent, zone = host.partition("%")
            if percent and not _HOST_ZONE.fullmatch(zone):
                return None
            return str(ipaddress.IPv6Address(address)) + percent + zone
        if _DIGITS_AND_DOTS.fullmatch(host):
            return str(ipaddress.IPv4Address(host))
    except ValueError:
        return None
    name = host.lower().removesuffix(".")
    if len(name) <= 253 and all(map(_HOST_LABEL.fullmatch, name.split("."))):
        return name
    return None
