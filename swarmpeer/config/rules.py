"""
What one word of the configuration may be: a number, a file name, a host.
"""

import ipaddress
import re

from swarmpeer.config.text import ConfigText, Word
from swarmpeer.file_name import file_name_fault
from swarmpeer.text import quoted

HOST_KINDS = "a host name in ASCII, an IPv4 or an IPv6 address"
"""
What a host may be.
"""

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
    host = plain_host(word.text)
    if host is None:
        raise source.error(word, f"the host is {quoted(word.text)}", HOST_KINDS)
    return host


def plain_host(text: str) -> str | None:
    """
    The host that C{text} names, IPv6 without the brackets it may stand in; or
    C{None} if it is neither a plausible name nor an address.
    """
    if text.startswith("[") and text.endswith("]") and ":" in text:
        text = text[1:-1]
    return None if host_identity(text) is None else text


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


def loopback_address(host: str) -> str | None:
    """
    The address of this machine alone that C{host} means on any machine, without a
    look-up; C{None} if it is none, or not always.
    """
    name = host_identity(host)
    if name == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(name or "")
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return str(address) if address.is_loopback else None
