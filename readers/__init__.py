"""Files to segments: crawl a folder, tell what a file is, decode it. What is heavy is loaded with the first file."""

from readers.crawl import CrawlRules, crawl, found_file
from readers.hash import content_hash
from readers.isolated import Closed, Draw, Drawn, Event, Hashed, IsolatedReader, Job, Opened, start_host
from readers.names import name_words
from readers.preview import preview
from readers.read import read, read_audio, read_file, read_image
from readers.sniff import MediaType, kind_by_name, sniff

__all__ = [
    "Closed",
    "CrawlRules",
    "Draw",
    "Drawn",
    "Event",
    "Hashed",
    "IsolatedReader",
    "Job",
    "MediaType",
    "Opened",
    "content_hash",
    "crawl",
    "found_file",
    "kind_by_name",
    "name_words",
    "preview",
    "read",
    "read_audio",
    "read_file",
    "read_image",
    "sniff",
    "start_host",
]
