"""Reading where it can be killed: a stranger's bytes are decoded in child processes, never in this one.

    this process  --jobs-->  child  --events-->  this process          (`reader`, `wire`, `child`)
         |                     ^
         +------- host --fork--+                                       (`host`)

A decoder that crashes or hangs takes a child with it; the file is given up with a reason, and the next child is there
in milliseconds, because the host has imported what it needs and only forks. Children also read truly in parallel: their
interpreters share no lock with this one.
"""

from readers.isolated.events import Closed, Draw, Drawn, Event, Hashed, Job, Opened
from readers.isolated.reader import IsolatedReader, start_host

__all__ = ["Closed", "Draw", "Drawn", "Event", "Hashed", "IsolatedReader", "Job", "Opened", "start_host"]
