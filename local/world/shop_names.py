"""Names and places for shops: plausible for artists, owned by nobody.

Names are made of materials, animals and crafts, never of people's names. Each is unique because a shop's number in the
data, and the number of its renames, pick one point of a permutation.
"""

from __future__ import annotations

import re

_FIRST = (
    "Amber", "Ashen", "Bluebell", "Bramble", "Brass", "Cedar", "Chalk", "Cinder", "Clover", "Cobalt", "Copper",
    "Coral", "Cotton", "Driftwood", "Dusty", "Ember", "Fennel", "Fern", "Flint", "Gilded", "Harvest", "Hollow",
    "Indigo", "Inkwell", "Juniper", "Lantern", "Linen", "Little", "Lunar", "Maple", "Marble", "Meadow", "Mossy",
    "Ochre", "Olive", "Paper", "Pebble", "Quiet", "Rusty", "Saffron", "Salt", "Sienna", "Silver", "Thistle", "Umber",
    "Velvet", "Wandering", "Willow",
)  # fmt: skip
_SECOND = (
    "Badger", "Bee", "Crane", "Crow", "Dove", "Finch", "Fox", "Hare", "Heron", "Hound", "Lark", "Loom", "Magpie",
    "Moth", "Otter", "Owl", "Pine", "Raven", "River", "Rook", "Sparrow", "Stag", "Swift", "Tide", "Wren",
)  # fmt: skip
_CRAFT = (
    "Bindery", "Canvas Works", "Ceramics", "Enamels", "Glassworks", "Illustration", "Ink Studio", "Jewelry", "Kiln",
    "Letterpress", "Paper Goods", "Pottery", "Print House", "Prints", "Silkscreen", "Stitchery", "Textiles", "Woodcuts",
)  # fmt: skip

CITIES = (
    ("Albuquerque", "NM"), ("Asheville", "NC"), ("Athens", "GA"), ("Austin", "TX"), ("Baltimore", "MD"),
    ("Bellingham", "WA"), ("Boise", "ID"), ("Boulder", "CO"), ("Burlington", "VT"), ("Charleston", "SC"),
    ("Chicago", "IL"), ("Cincinnati", "OH"), ("Cleveland", "OH"), ("Columbus", "OH"), ("Detroit", "MI"),
    ("Eugene", "OR"), ("Grand Rapids", "MI"), ("Kansas City", "MO"), ("Knoxville", "TN"), ("Lexington", "KY"),
    ("Louisville", "KY"), ("Madison", "WI"), ("Memphis", "TN"), ("Milwaukee", "WI"), ("Minneapolis", "MN"),
    ("Nashville", "TN"), ("New Orleans", "LA"), ("Oakland", "CA"), ("Philadelphia", "PA"), ("Pittsburgh", "PA"),
    ("Portland", "ME"), ("Portland", "OR"), ("Providence", "RI"), ("Richmond", "VA"), ("Santa Fe", "NM"),
    ("Savannah", "GA"), ("Seattle", "WA"), ("St. Louis", "MO"), ("Tacoma", "WA"), ("Tucson", "AZ"),
)  # fmt: skip

_COMBINATIONS = len(_FIRST) * len(_SECOND) * len(_CRAFT)
_STEP = 7_919  # prime and no divisor of the number of combinations, so that n -> n * step is a permutation
_SHOPS = 512


def shop_name(number: int, renames: int) -> str:
    """The name of the shop with this running number (below 512) after so many renames."""
    point = (number + renames * _SHOPS) * _STEP % _COMBINATIONS
    point, craft = divmod(point, len(_CRAFT))
    first, second = divmod(point, len(_SECOND))
    return f"{_FIRST[first]} {_SECOND[second]} {_CRAFT[craft]}"


def slug(name: str) -> str:
    """The name as it stands in a shop's address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
