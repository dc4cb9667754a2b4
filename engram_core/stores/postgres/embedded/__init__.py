"""A PostgreSQL of our own beside the data, shared by the processes of one user and stopped with the last of them.

- `server`: `EmbeddedServer`, the only thing that others use
- `holding`: what one process holds of one folder: locks, start, stop
- `folder`, `locks`, `patience`: files, kernel locks, waiting
- `account`, `binaries`: whom the server runs as, and which programs
- `cluster`, `settings`: making a cluster, and how it runs
- `postmaster`, `sockets`: is it running, and where is it reached
- `keeper.py`: a script, not a module: the small process that stops the server when no user is left
"""

from engram_core.stores.postgres.embedded.server import Address, EmbeddedServer

__all__ = ["Address", "EmbeddedServer"]
