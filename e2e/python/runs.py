"""Runs Schemathesis with several lists of arguments at once, each in a process of its own.

The processes begin as copies of this one, which has the modules already: to import them takes
a second, as long as the requests of a short run. The output of run N is in the file N.
"""

import json
import os
import sys

import requests  # noqa: F401
import schemathesis.cli.commands.run.executor
import schemathesis.engine.core
import schemathesis.engine.run.unit
import schemathesis.specs.openapi.schemas  # noqa: F401
from schemathesis.cli import schemathesis as command

runs = json.loads(sys.argv[1])
for n, arguments in enumerate(runs):
    if os.fork() == 0:
        output = os.open(str(n), os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        command(arguments)
        sys.exit("the command has not exited")
sys.exit(any([os.wait()[1] for _ in runs]))
