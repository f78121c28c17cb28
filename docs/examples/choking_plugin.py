"""
A choking policy that every C{swarm.toml} of a machine may choose by its name.

Put the file into a folder C{twisted/plugins} below one that Python imports from: into
C{/srv/policies/twisted/plugins} with C{PYTHONPATH=/srv/policies}.  Then it is

    [policy]
    choking = "calm"

Every C{twistd} of that Python imports the file, so what takes long to import belongs
into another one.
"""

from twisted.plugin import IPlugin
from zope.interface import implementer

from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.interfaces import IPolicyPlugin


class Calm(FleetChoking):
    """
    As C{fleet}, but a seed tells of all its pieces at once.
    """

    shows_pieces = False


@implementer(IPlugin, IPolicyPlugin)
class CalmPlugin:
    """
    Tells where it is.
    """

    name = "calm"
    kind = "choking"
    factory = f"{__name__}:Calm"


calm = CalmPlugin()
