"""
One peer as a Twisted application: C{PEER_ID=1001 twistd -ny peer.tac}.

The working folder (C{PEER_DIR}, by default the current one) holds Common.cfg,
PeerInfo.cfg and peer_<id>/; or, of a verified swarm, the swarm.toml that
C{PEER_SWARM} names.  Change it as you need: it is the place where a peer
meets the other services of a process.
"""

import os

from twisted.application.service import Application

from swarmpeer.tap import Options, makeService

options = Options()
words = ["--id", os.environ.get("PEER_ID", "1001")]
words += ["--dir", os.environ.get("PEER_DIR", ".")]
if "PEER_SWARM" in os.environ:
    words += ["--swarm", os.environ["PEER_SWARM"]]
options.parseOptions(words)
application = Application("swarmpeer")
makeService(options).setServiceParent(application)
