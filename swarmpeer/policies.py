"""
Policies by name, as a C{swarm.toml} has them.
"""

import importlib
import random

from twisted.python.failure import Failure

from swarmpeer.core.choking import ChokingManager
from swarmpeer.errors import ConfigError
from swarmpeer.net.reasons import in_one_line
from swarmpeer.service import ChokingPolicy
from swarmpeer.text import quoted


def choking_policy(name: str, where: str) -> ChokingPolicy:
    """
    The policy called so in a C{swarm.toml}.

    @param name: C{classic}, or a C{package.module:Name}.
    @param where: what an error begins with: the file that names it.
    @raise ConfigError: if there is none.
    """
    if name == "classic":
        return ChokingManager
    module, _, attribute = name.partition(":")
    try:
        policy: ChokingPolicy = getattr(importlib.import_module(module), attribute)
        made = policy(1, random.Random(0))
    except Exception as error:
        # Whatever somebody else's module does when it is imported.
        raise _no_policy(where, name, in_one_line(Failure(error))) from error
    if not isinstance(made, ChokingManager):
        raise _no_policy(where, name, "it makes no ChokingManager")
    return policy


def _no_policy(where: str, name: str, reason: str) -> ConfigError:
    return ConfigError(
        f"{where}: choking = {quoted(name)}: {reason}, 'classic' or the "
        f"package.module:Name of a policy that can be imported would be right"
    )
