"""Cars and devices that a clause speaks of as the speaker's: "my Corolla needs tyres"."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAKES = (
    r"toyota|honda|ford|chevy|chevrolet|nissan|mazda|subaru|mitsubishi|suzuki|hyundai|kia|volkswagen|vw|audi|bmw|mercedes|porsche|opel|vauxhall|skoda|škoda|renault"
    r"|peugeot|citro[eë]n|fiat|volvo|saab|tesla|polestar|land rover|range rover|lexus|acura|jeep|cadillac|buick|corolla|camry|prius|rav4|yaris|corsa|clio|miata|dacia"
    r"|(?-i:Civic|Passat|Polo|Golf|Outback|Forester|Wrangler|Silverado|Fiesta|Mondeo|Astra|Jaguar|Mini|Leaf|Impreza|Accord|Focus|Beetle|Mustang)"
)
_MODEL = r"(?: (?:(?-i:[A-ZŠ])[\w-]*|\w*\d\w*|model \w|pro|max|mini|plus|ultra|air))*"
_DEVICES = r"iphone|ipad|macbook|imac|pixel (?=\d)|galaxy (?=s\d|a\d|note)|thinkpad|chromebook|kindle|kobo|ps4|ps5|xbox|steam deck|nintendo switch|apple watch|fitbit|airpods|raspberry pi|fairphone|surface pro"
_MINE = re.compile(
    rf"(?<![\w'])(?:my|our) (?:(?:new|old|trusty|beloved|ancient|little|used|poor|red|blue|black|white|silver|green|grey|gray|electric) )*(?:(?P<car>(?:(?:19|20)\d\d )?(?:{_MAKES}){_MODEL})|(?P<device>(?:{_DEVICES}){_MODEL}))(?![\w'-])"
    r"(?! (?:stock|stocks|shares?|dealer\w*|account|store|interview|job|order|rental|case|cover|app|test drive|wallpaper|salesman|contract|invoice|internship|offer|manager|recruiter|era|phase))",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"(?<![\w'])(?:lost|stolen|stole|smashed|returned|gave away|gave|rental|loaner|dream|sold|used to|when i (?:was|had)|back when|traded|instead of|no longer|wish|if i had|old job|died|would be)(?![\w'])",
    re.IGNORECASE,
)


def owned(clause: str) -> Iterator[tuple[str, str]]:
    """Yield (attribute, value) pairs for what a clause takes for granted that the speaker has."""
    if _NOT_YET.search(clause):
        return
    for match in _MINE.finditer(clause):
        yield ("car", match["car"]) if match["car"] else ("owns", match["device"])
