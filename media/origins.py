"""What a file's own metadata says of how it was made: the IPTC's digital source type, as an XMP packet or a line.

https://iptc.org/std/photometadata/specification and https://cv.iptc.org/newscodes/digitalsourcetype
"""

from __future__ import annotations

from enum import StrEnum
from xml.sax.saxutils import quoteattr

_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype"


class SourceType(StrEnum):
    """The terms of the IPTC that what is made here falls under."""

    MODEL = "trainedAlgorithmicMedia"
    CHANGED_BY_MODEL = "compositeWithTrainedAlgorithmicMedia"
    ALGORITHM = "algorithmicMedia"
    COMPOSITE = "composite"


def packet(kind: SourceType, tool: str = "") -> str:
    """The XMP packet that says it; `tool` is the model that made it."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' Iptc4xmpExt:DigitalSourceType="{_TERMS}/{kind}" xmp:CreatorTool={quoteattr(tool)}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )


def line(kind: SourceType, tool: str = "") -> str:
    """The same as one line, for containers that have a comment."""
    return f"DigitalSourceType: {_TERMS}/{kind}" + (f"; made by {tool}" if tool else "")
