"""Where a picture or video comes from, said inside the file: generated, by what, from what.

The kind of source is a term of the IPTC's vocabulary of digital source types
(https://cv.iptc.org/newscodes/digitalsourcetype/), which platforms read to label what is generated. It stands in
XMP (ISO 16684-1) where the form has a place for it, and in the tags of the container.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# By ending, what MP4 and its relatives call a box of XMP (XMP specification, part 3, section 1.1.4).
XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")

SourceType = Literal["compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"]


@dataclass(frozen=True)
class Provenance:
    """How something was made.

    Attributes:
        maker: the program and its version.
        made_from: one sentence: of what kind of input, by what.
        source_type: the IPTC's term: a photo together with what a trained model made, or with what code alone made.
    """

    maker: str
    made_from: str
    source_type: SourceType

    @property
    def sentence(self) -> str:
        """For tags that hold plain text."""
        return f"{self.made_from} Digital source type: {VOCABULARY}{self.source_type}"

    @property
    def tags(self) -> dict[str, str]:
        """For containers that hold text by name."""
        return {"comment": self.sentence, "DIGITAL_SOURCE_TYPE": f"{VOCABULARY}{self.source_type}"}

    @property
    def xmp(self) -> bytes:
        """The same as a packet of XMP."""
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f"<xmp:CreatorTool>{escape(self.maker)}</xmp:CreatorTool>"
            f"<Iptc4xmpExt:DigitalSourceType>{VOCABULARY}{self.source_type}</Iptc4xmpExt:DigitalSourceType>"
            f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(self.made_from)}</rdf:li></rdf:Alt>'
            '</dc:description></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        ).encode()

    def for_picture(self, ending: str) -> dict[str, Any]:
        """What Pillow's `save` is told for a picture or an animation of this ending."""
        if ending == ".png":
            return {"pnginfo": self._png()}
        if ending in (".jpg", ".jpeg", ".webp"):
            return {"xmp": self.xmp}
        if ending in (".tif", ".tiff"):
            return {"description": self.sentence, "software": self.maker}
        return {"comment": self.sentence.encode()} if ending == ".gif" else {}

    def _png(self) -> PngInfo:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", self.xmp.decode())
        return info

    def add_to_mp4(self, path: Path) -> None:
        """Append the packet to a whole .mp4, as a box of its own at the end."""
        with path.open("ab") as file:
            file.write((8 + len(XMP_BOX) + len(self.xmp)).to_bytes(4, "big") + b"uuid" + XMP_BOX + self.xmp)
