"""The materials of a person: indices of the textures that `look.textures_of` lists in this order."""

SKIN, HEAD, HAIR, TOP, SLEEVE, BOTTOM, JACKET, SHOE, SOLE, SOCK, HAT, BAG, SCARF, THING, SEAT = range(15)
