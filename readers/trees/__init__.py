"""Where the files of a source lie: a folder of this machine, or an object store or web server that fsspec knows.

    tree = open_tree("s3://bucket/photos")      tree.crawl(rules) -> files, hashed and brought here when they are wanted

A folder is read in place, and costs nothing more than its paths. What lies elsewhere is listed there; a file that is to
be read is fetched into a folder for temporary files, and deleted when it has been read.
"""

from typing import TYPE_CHECKING

from readers.trees.base import Here, Tree, Wanted
from readers.trees.opening import address_in, address_of, fetched, is_remote, open_tree, remote_tree

if TYPE_CHECKING:
    from readers.trees.remote import RemoteTree

__all__ = [
    "Here",
    "RemoteTree",
    "Tree",
    "Wanted",
    "address_in",
    "address_of",
    "fetched",
    "is_remote",
    "open_tree",
    "remote_tree",
]
