"""How much each sign counts. All but the factors of words are shares of the best file's score by its words alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    title: float = 2.0
    """A word of the title, against one of the text."""
    compound: float = 1.5
    """camelCase and snake_case, against a plain word."""
    path: float = 2.0
    """A word in the path, against one in the text of the file once."""
    chunk: float = 0.3
    """The best piece of the file."""
    mention: float = 0.2
    """A path, frame or module that the text names; twice at most."""
    location: float = 0.3
    """A place seen at run time; twice at most."""
    definition: float = 0.1
    """A name that only this file defines; twice at most."""
    quotation: float = 0.15
    """A message, route or table of the text that stands in the file, shared by the files it stands in."""
    hint: float = 0.15
    """A file that somebody named. So low that a wrong one does not push what is right out of the first five."""
    service: float = 1.5
    """Factor for what belongs to a service that was named."""
    prior: float = 1.0
    """Exponent of the factor for the kind of file: 0 treats tests, documents and code alike."""
