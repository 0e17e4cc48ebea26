"""What is written under a photo: where it stands."""

from __future__ import annotations

from flowersorter.records import Classified
from flowersorter.ui import messages
from flowersorter.ui.review import Place, Standing


def kind_words(one: Classified, place: Place) -> str:
    """What is sure of an unsure photo, "A daisy of some kind"; empty where nothing is."""
    if one.kind is None or place.standing is not Standing.UNSURE:
        return ""
    return one.kind[0].upper() + one.kind[1:]


def place_words(place: Place) -> str:
    """The species, with a question mark where it is unsure, or why there is none."""
    translate = messages.translate
    match place.standing:
        case Standing.UNSURE:
            return translate("place", "{species}?").format(species=place.species)
        case Standing.LEFT:
            return translate("place", "Stays here")
        case Standing.ALBUM:
            return translate("place", "In an album")
        case Standing.UNREADABLE:
            return translate("place", "Could not be read")
        case _:
            return place.species
